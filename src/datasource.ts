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
import { recipients, type HealthDetails } from './api';
import { mailTypeName, serviceStatusName, statusName } from './components/names';
import { withDetails } from './details';
import { displayText } from './displayText';
import { healthMessage, reportHealth } from './health';
import { translations } from './i18n';
import { lazyTranslated } from './lazy';
import { MAIL_TYPES, SERVICE_STATUSES, STATUSES } from './service';
import type { EmailJsonData, EmailQuery, VariableQuery } from './types';
import { Variables } from './variables';
import { withWords } from './words';

export class DataSource extends DataSourceWithBackend<EmailQuery, EmailJsonData> {
  /** Annotations mark, unless told otherwise, the mail that did not arrive at everybody. */
  annotations: AnnotationSupport<EmailQuery> = {
    QueryEditor: lazyTranslated(
      () => import(/* webpackChunkName: "annotation-editor" */ './components/AnnotationEditor'),
    ),
    getDefaultQuery: () => ({ queryType: 'deliveries', status: ['failed', 'expired', 'held', 'partial'] }),
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
    // A query on one line, as Explore shows it, cannot wait for them.
    translations().catch(() => {});
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
      map((response) => withWords(withDetails(response, this), request.app)),
    );
  }

  getQueryDisplayText(query: EmailQuery): string {
    return displayText(query);
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
      digest: one(query.digest),
    };
  }

  /** metricFindQuery is the values of a dashboard variable, with their names. */
  async metricFindQuery({ kind }: VariableQuery): Promise<MetricFindValue[]> {
    await translations();
    const named = (words: readonly string[], name: (word: string) => string) =>
      words.map((value) => ({ value, text: name(value) }));
    switch (kind) {
      case 'statuses':
        return named(STATUSES, statusName);
      case 'serviceStatuses':
        return named(SERVICE_STATUSES, serviceStatusName);
      case 'mailTypes':
        return named(MAIL_TYPES, mailTypeName);
      default:
        return (await recipients(this.uid)).map((text) => ({ text }));
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
