import { CoreApp, type QueryEditorProps } from '@grafana/data';
import { EditorField, EditorRow, EditorRows } from '@grafana/plugin-ui';
import { RadioButtonGroup } from '@grafana/ui';
import type { DataSource } from '../datasource';
import { t } from '../i18n';
import { MAIL_TYPES, SERVICE_EVENTS, SERVICE_STATUSES, STATUSES } from '../service';
import type { EmailJsonData, EmailQuery, QueryType, ServiceEvent } from '../types';
import { DeliveriesActions } from './DeliveriesActions';
import { DeliveryActions } from './DeliveryActions';
import { EXAMPLE } from './examples';
import { mailTypeName, queryTypeName, serviceEventName, serviceStatusName, statusName } from './names';
import { Several, Text } from './QueryInputs';

interface Props extends QueryEditorProps<DataSource, EmailQuery, EmailJsonData> {
  /** The kinds of query that are offered, where not all make sense. */
  types?: QueryType[];
}

const TYPES: QueryType[] = ['deliveries', 'delivery', 'stats', 'queue', 'serviceStats', 'serviceMails'];
/** NUMBERS are the kinds of query that an alert rule can compare. */
const NUMBERS: QueryType[] = ['stats', 'queue', 'serviceStats'];

const isRule = (app?: CoreApp | string) => app === CoreApp.UnifiedAlerting || app === CoreApp.CloudAlerting;

const MAX_LIMIT = 1000;

const ofService = (type: QueryType) => type === 'serviceStats' || type === 'serviceMails';

/** QueryEditor edits a query of the delivery log or of the service. */
export default function QueryEditor({ datasource, query, onChange, onRunQuery, app, data, types }: Props) {
  const queryType = query.queryType ?? 'deliveries';
  const offered = types ?? (isRule(app) ? NUMBERS : TYPES);
  const set = (changed: Partial<EmailQuery>) => {
    onChange({ ...query, ...changed });
    onRunQuery();
  };
  // A parameter of another type of query would be an error, or ignored.
  const setType = (type: QueryType) =>
    set({
      queryType: type,
      format: undefined,
      measure: undefined,
      by: undefined,
      recipient: undefined,
      text: undefined,
      id: undefined,
      digest: undefined,
      // The service has statuses of its own, and knows no mail types.
      ...(ofService(type) === ofService(queryType) ? {} : { status: undefined, mailType: undefined }),
    });

  return (
    <EditorRows>
      <EditorRow>
        <EditorField label={t('query.type', 'Show')}>
          <RadioButtonGroup<QueryType>
            aria-label={t('query.type', 'Show')}
            value={queryType}
            onChange={setType}
            // A query that was saved stays what it is.
            options={TYPES.filter((type) => type === queryType || offered.includes(type)).map((value) => ({
              value,
              label: queryTypeName(value),
            }))}
          />
        </EditorField>
        {queryType === 'deliveries' && !types && !isRule(app) && (
          <EditorField label={t('query.format', 'As')}>
            <RadioButtonGroup<'table' | 'logs'>
              aria-label={t('query.format', 'As')}
              value={query.format ?? 'table'}
              onChange={(format) => set({ format })}
              options={[
                { value: 'table', label: t('query.table', 'Table') },
                { value: 'logs', label: t('query.logs', 'Logs') },
              ]}
            />
          </EditorField>
        )}
        {queryType === 'stats' && (
          <EditorField label={t('query.measure', 'Measure')}>
            <RadioButtonGroup<'count' | 'latency'>
              aria-label={t('query.measure', 'Measure')}
              value={query.measure === 'latency' ? 'latency' : 'count'}
              onChange={(measure) => set({ measure })}
              options={[
                { value: 'count', label: t('query.count', 'Number of mails') },
                { value: 'latency', label: t('query.latency', 'Time to delivery') },
              ]}
            />
          </EditorField>
        )}
        {queryType === 'queue' && (
          <EditorField label={t('query.measure', 'Measure')}>
            <RadioButtonGroup<'both' | 'depth' | 'oldestAge'>
              aria-label={t('query.measure', 'Measure')}
              value={query.measure === 'depth' || query.measure === 'oldestAge' ? query.measure : 'both'}
              onChange={(measure) => set({ measure: measure === 'both' ? undefined : measure })}
              options={[
                { value: 'both', label: t('query.both', 'Both') },
                { value: 'depth', label: t('query.depth', 'Mails waiting') },
                { value: 'oldestAge', label: t('query.oldest-age', 'Age of the oldest') },
              ]}
            />
          </EditorField>
        )}
        {queryType === 'serviceStats' && (
          <>
            <EditorField label={t('query.measure', 'Measure')}>
              <RadioButtonGroup<ServiceEvent | 'all'>
                aria-label={t('query.measure', 'Measure')}
                value={SERVICE_EVENTS.find((event) => event === query.measure) ?? 'all'}
                onChange={(measure) => set({ measure: measure === 'all' ? undefined : measure })}
                options={[
                  { value: 'all', label: t('query.all', 'All') },
                  ...SERVICE_EVENTS.map((value) => ({ value, label: serviceEventName(value) })),
                ]}
              />
            </EditorField>
            <EditorField label={t('query.by', 'Series')}>
              <RadioButtonGroup<'all' | 'domain'>
                aria-label={t('query.by', 'Series')}
                value={query.by ?? 'all'}
                onChange={(by) => set({ by: by === 'all' ? undefined : by })}
                options={[
                  { value: 'all', label: t('query.by-all', 'All mail') },
                  { value: 'domain', label: t('query.by-domain', 'By recipient domain') },
                ]}
              />
            </EditorField>
          </>
        )}
        {queryType === 'delivery' && (
          <EditorField
            label={t('query.id', 'ID')}
            tooltip={t('query.id-help', 'As in the ID column of the deliveries, whose rows link here.')}
            width={45}
          >
            <Text label={t('query.id', 'ID')} value={query.id} onCommit={(id) => set({ id })} />
          </EditorField>
        )}
      </EditorRow>
      {queryType === 'delivery' && query.id && (
        <DeliveryActions uid={datasource.uid} refId={query.refId} data={data} onRunQuery={onRunQuery} onShow={set} />
      )}
      {queryType === 'deliveries' && !types && !isRule(app) && (
        <DeliveriesActions uid={datasource.uid} refId={query.refId} data={data} onRunQuery={onRunQuery} />
      )}
      {['deliveries', 'stats', 'serviceMails'].includes(queryType) && (
        <EditorRow>
          <EditorField label={t('query.status', 'Status')} width={30}>
            <Several
              label={t('query.status', 'Status')}
              value={query.status}
              onChange={(status) => set({ status })}
              options={
                queryType === 'serviceMails'
                  ? SERVICE_STATUSES.map((value) => ({ value, label: serviceStatusName(value) }))
                  : STATUSES.map((value) => ({ value, label: statusName(value) }))
              }
            />
          </EditorField>
          {queryType !== 'serviceMails' && (
            <EditorField label={t('config.mail-type.label', 'Mail type')} width={30}>
              <Several
                label={t('config.mail-type.label', 'Mail type')}
                value={query.mailType}
                onChange={(mailType) => set({ mailType })}
                options={MAIL_TYPES.map((value) => ({ value, label: mailTypeName(value) }))}
              />
            </EditorField>
          )}
          {queryType !== 'stats' && (
            <EditorField
              label={t('query.recipient', 'Recipient')}
              tooltip={t('query.recipient-help', 'Comma-separated parts of addresses.')}
            >
              <Text
                label={t('query.recipient', 'Recipient')}
                value={query.recipient}
                placeholder={EXAMPLE.pattern}
                onCommit={(recipient) => set({ recipient })}
              />
            </EditorField>
          )}
          {queryType === 'deliveries' && (
            <EditorField
              label={t('query.text', 'Text')}
              tooltip={t('query.text-help', 'Part of the subject, of the reason or of the Message-ID.')}
            >
              <Text label={t('query.text', 'Text')} value={query.text} onCommit={(text) => set({ text })} />
            </EditorField>
          )}
          {queryType === 'deliveries' && query.digest && (
            <EditorField
              label={t('query.digest', 'Digest')}
              tooltip={t('query.digest-help', 'Only what the digest with this ID tells of. Empty it to see all.')}
            >
              <Text label={t('query.digest', 'Digest')} value={query.digest} onCommit={(digest) => set({ digest })} />
            </EditorField>
          )}
          {queryType !== 'stats' && (
            <EditorField label={t('query.limit', 'Limit')} width={12}>
              <Text
                label={t('query.limit', 'Limit')}
                type="number"
                value={query.limit?.toString()}
                placeholder={String(MAX_LIMIT)}
                onCommit={(limit) =>
                  set({ limit: limit ? Math.min(Math.max(Math.trunc(Number(limit)), 1), MAX_LIMIT) : undefined })
                }
              />
            </EditorField>
          )}
        </EditorRow>
      )}
    </EditorRows>
  );
}
