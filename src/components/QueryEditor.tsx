import { useId, useState } from 'react';
import { CoreApp, type QueryEditorProps } from '@grafana/data';
import { EditorField, EditorRow, EditorRows } from '@grafana/plugin-ui';
import { Input, MultiCombobox, RadioButtonGroup } from '@grafana/ui';
import type { DataSource } from '../datasource';
import { t } from '../i18n';
import { MAIL_TYPES, SERVICE_EVENTS, SERVICE_STATUSES, STATUSES } from '../service';
import type { EmailJsonData, EmailQuery, QueryType, ServiceEvent } from '../types';
import { DeliveryActions } from './DeliveryActions';
import { EXAMPLE } from './examples';
import { mailTypeName, serviceEventName, serviceStatusName, statusName } from './names';

type Props = QueryEditorProps<DataSource, EmailQuery, EmailJsonData>;

const MAX_LIMIT = 1000;

const ofService = (type: QueryType) => type === 'serviceStats' || type === 'serviceMails';

/** QueryEditor chooses what to show of the delivery log, or of what the service says. */
export default function QueryEditor({ datasource, query, onChange, onRunQuery, app, data }: Props) {
  const queryType = query.queryType ?? 'deliveries';
  const set = (changed: Partial<EmailQuery>) => {
    onChange({ ...query, ...changed });
    onRunQuery();
  };
  // What belongs to another type of query would be an error, or mislead.
  const setType = (type: QueryType) =>
    set({
      queryType: type,
      format: undefined,
      measure: undefined,
      by: undefined,
      recipient: undefined,
      text: undefined,
      id: undefined,
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
            options={[
              { value: 'deliveries', label: t('query.deliveries', 'Deliveries') },
              { value: 'delivery', label: t('query.delivery', 'One delivery') },
              { value: 'stats', label: t('query.stats', 'Statistics') },
              { value: 'queue', label: t('query.queue', 'Queue') },
              { value: 'serviceStats', label: t('query.service-stats', 'Service statistics') },
              { value: 'serviceMails', label: t('query.service-mails', 'Service mails') },
            ]}
          />
        </EditorField>
        {queryType === 'deliveries' && app !== CoreApp.UnifiedAlerting && (
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
                  { value: 'all', label: t('query.by-all', 'Of all mail') },
                  { value: 'domain', label: t('query.by-domain', "By recipients' domain") },
                ]}
              />
            </EditorField>
          </>
        )}
        {queryType === 'delivery' && (
          <EditorField
            label={t('query.id', 'ID')}
            tooltip={t('query.id-help', 'As in the id column of the deliveries, whose rows link here.')}
            width={45}
          >
            <Text label={t('query.id', 'ID')} value={query.id} onCommit={(id) => set({ id })} />
          </EditorField>
        )}
      </EditorRow>
      {queryType === 'delivery' && query.id && (
        <DeliveryActions uid={datasource.uid} refId={query.refId} data={data} onRunQuery={onRunQuery} />
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

interface SeveralProps {
  label: string;
  value?: string[];
  onChange: (value: string[]) => void;
  options: Array<{ value: string; label: string }>;
}

/** Several chooses any number of values, or variables that stand for them. */
function Several({ label, value = [], onChange, options }: SeveralProps) {
  const id = useId();
  return (
    <>
      {/* The control takes its name from an element only. */}
      <span id={id} hidden>
        {label}
      </span>
      <MultiCombobox<string>
        aria-labelledby={id}
        createCustomValue
        isClearable
        placeholder={t('query.any', 'Any')}
        value={value}
        onChange={(chosen) => onChange(chosen.map((option) => option.value))}
        options={options}
      />
    </>
  );
}

interface TextProps {
  label: string;
  value?: string;
  placeholder?: string;
  type?: string;
  onCommit: (value: string | undefined) => void;
}

/** Text asks the server once something is entered whole, not at every key. */
function Text({ label, value = '', onCommit, ...rest }: TextProps) {
  const [draft, setDraft] = useState<string>();
  const commit = () => {
    if (draft !== undefined && draft !== value) {
      onCommit(draft.trim() || undefined);
    }
    setDraft(undefined);
  };
  return (
    <Input
      aria-label={label}
      value={draft ?? value}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
      {...rest}
    />
  );
}
