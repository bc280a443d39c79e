import {
  AnnotationEventFieldSource,
  CoreApp,
  type DataQueryRequest,
  type DataQueryResponse,
  type AnnotationQuery,
  type AnnotationSupport,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type ScopedVars,
} from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv, type HealthCheckResult } from '@grafana/runtime';
import { from, map, switchMap, type Observable } from 'rxjs';
import { deliveries, type HealthDetails } from './api';
import { withDetails } from './details';
import { healthMessage, reportHealth } from './health';
import { translations } from './i18n';
import { MAIL_TYPES, STATUSES } from './service';
import { withServiceWords } from './serviceWords';
import type { EmailJsonData, EmailQuery, VariableQuery } from './types';
import { Variables } from './variables';

export class DataSource extends DataSourceWithBackend<EmailQuery, EmailJsonData> {
  /** Annotations mark, unless told otherwise, the mail that did not arrive. */
  annotations: AnnotationSupport<EmailQuery> = {
    getDefaultQuery: () => ({ queryType: 'deliveries', status: ['failed', 'expired', 'held'] }),
    prepareAnnotation: (annotation: AnnotationQuery<EmailQuery>) => ({
      ...annotation,
      mappings: annotation.mappings ?? {
        title: { source: AnnotationEventFieldSource.Field, value: 'status' },
        text: { source: AnnotationEventFieldSource.Field, value: 'subject' },
        tags: { source: AnnotationEventFieldSource.Field, value: 'mailType' },
        id: { source: AnnotationEventFieldSource.Field, value: 'id' },
      },
    }),
  };

  constructor(instanceSettings: DataSourceInstanceSettings<EmailJsonData>) {
    super(instanceSettings);
    this.variables = new Variables((query) => this.metricFindQuery(query));
  }

  getDefaultQuery(app: CoreApp): Partial<EmailQuery> {
    switch (app) {
      case CoreApp.Explore:
        return { queryType: 'deliveries', format: 'logs' };
      case CoreApp.CloudAlerting:
      case CoreApp.UnifiedAlerting:
        return { queryType: 'queue', measure: 'oldestAge' };
      default:
        return { queryType: 'deliveries' };
    }
  }

  filterQuery(query: EmailQuery): boolean {
    // An id that is not entered yet is no mistake.
    return !query.hide && (query.queryType !== 'delivery' || Boolean(query.id));
  }

  query(request: DataQueryRequest<EmailQuery>): Observable<DataQueryResponse> {
    // The links that are added have words, and dashboards load no editor.
    return from(translations()).pipe(
      switchMap(() => super.query(request)),
      map((response) => withServiceWords(withDetails(response, this))),
    );
  }

  applyTemplateVariables(query: EmailQuery, scopedVars: ScopedVars): EmailQuery {
    const templates = getTemplateSrv();
    const one = (text?: string, format?: string) => text && templates.replace(text, scopedVars, format);
    // A variable may stand for several values.
    const all = (texts?: string[]) =>
      texts
        ?.flatMap((text) => templates.replace(text, scopedVars, 'csv').split(','))
        .map((text) => text.trim())
        .filter(Boolean);
    return {
      ...query,
      status: all(query.status),
      mailType: all(query.mailType),
      recipient: one(query.recipient, 'csv'),
      text: one(query.text),
      id: one(query.id),
    };
  }

  /** metricFindQuery is the values of a dashboard variable. */
  async metricFindQuery({ kind }: VariableQuery): Promise<MetricFindValue[]> {
    switch (kind) {
      case 'statuses':
        return STATUSES.map((text) => ({ text }));
      case 'mailTypes':
        return MAIL_TYPES.map((text) => ({ text }));
      default: {
        const found = await deliveries(this.uid);
        const addresses = found.flatMap(({ recipients = [] }) => recipients.map(({ address }) => address));
        return [...new Set(addresses)].sort().map((text) => ({ text }));
      }
    }
  }

  /** callHealthCheck also shows the steps of the handshake in the config editor. */
  async callHealthCheck(): Promise<HealthCheckResult> {
    const [result] = await Promise.all([super.callHealthCheck(), translations()]);
    reportHealth(this.uid, result);
    const { errorLink } = (result.details ?? {}) as HealthDetails;
    return {
      ...result,
      message: healthMessage(result),
      // Grafana links to what it finds under this key.
      details: errorLink ? { ...result.details, errorDetailsLink: errorLink } : result.details,
    };
  }
}
