import { useState } from 'react';
import type { DataFrame, PanelData } from '@grafana/data';
import { Button, ConfirmModal, Stack } from '@grafana/ui';
import { actOn, ApiError, type DeliveryAction } from '../api';
import { t } from '../i18n';
import { mayAct, RETRYABLE, WAITING } from './DeliveryActions';
import { Problem } from './Problem';
import { useTask } from './useTask';

interface Props {
  uid: string;
  /** Of the query, and what it found. */
  refId: string;
  data?: PanelData;
  onRunQuery: () => void;
}

interface Found {
  id: string;
  status?: string;
}

/** rows are the deliveries of a table, or of log lines, which have the status among their labels. */
function rows({ fields }: DataFrame): Found[] {
  const [ids, statuses, labels] = ['id', 'status', 'labels'].map((name) => fields.find((one) => one.name === name));
  return (ids?.values ?? []).map((id, i) => ({ id, status: statuses?.values[i] ?? labels?.values[i]?.status }));
}

/** DeliveriesActions retries or takes back all deliveries that a query found and that wait or failed. */
export function DeliveriesActions({ uid, refId, data, onRunQuery }: Props) {
  const task = useTask<string>();
  const [asking, setAsking] = useState<DeliveryAction>();
  const [done, setDone] = useState(0);
  const found =
    data?.series.filter((frame) => frame.refId === refId && frame.name === 'deliveries').flatMap(rows) ?? [];
  const those: Record<DeliveryAction, string[]> = {
    retry: found.filter(({ status }) => RETRYABLE.includes(status ?? '')).map(({ id }) => id),
    cancel: found.filter(({ status }) => WAITING.includes(status ?? '')).map(({ id }) => id),
  };
  if (!mayAct() || (those.retry.length === 0 && !task.running && !task.result && !task.error)) {
    return null;
  }

  const act = (action: DeliveryAction) =>
    void task.run(async () => {
      const ids = those[action];
      let late = 0;
      setDone(0);
      try {
        // One at a time: the first retry of a held mail brings back its sender's others.
        for (const [i, id] of ids.entries()) {
          late += await actedOn(uid, id, action).then((acted) => (acted ? 0 : 1));
          setDone(i + 1);
        }
      } finally {
        onRunQuery();
      }
      const values = { number: ids.length - late, late };
      return action === 'retry'
        ? t('deliveries.retried', 'Tried now: {{number}}. Already sent or ended: {{late}}.', values)
        : t('deliveries.cancelled', 'Cancelled: {{number}}. Already sent or ended: {{late}}.', values);
    });

  return (
    <Stack direction="column" gap={1}>
      <Stack alignItems="center">
        {those.retry.length > 0 && (
          <Button size="sm" variant="secondary" icon="sync" disabled={task.running} onClick={() => setAsking('retry')}>
            {t('deliveries.retry', 'Retry all that wait or failed ({{number}})', { number: those.retry.length })}
          </Button>
        )}
        {those.cancel.length > 0 && (
          <Button
            size="sm"
            variant="secondary"
            icon="times"
            disabled={task.running}
            onClick={() => setAsking('cancel')}
          >
            {t('deliveries.cancel', 'Cancel all that wait ({{number}})', { number: those.cancel.length })}
          </Button>
        )}
        <span role="status">
          {task.running ? t('deliveries.done', 'Done: {{done}}', { done }) : (task.result ?? '')}
        </span>
      </Stack>
      {task.error && <Problem error={task.error} />}
      {asking && (
        <ConfirmModal
          isOpen
          title={
            asking === 'retry'
              ? t('deliveries.retry-title', 'Retry {{number}} mails', { number: those.retry.length })
              : t('deliveries.cancel-title', 'Cancel {{number}} mails', { number: those.cancel.length })
          }
          body={
            asking === 'retry'
              ? t(
                  'deliveries.retry-body',
                  'Each is tried now, and goes to the recipients who have not received it yet.',
                )
              : t(
                  'delivery.cancel-body',
                  'Recipients who have not received it yet will not receive it. This cannot be undone.',
                )
          }
          confirmText={
            asking === 'retry' ? t('delivery.retry', 'Retry now') : t('deliveries.cancel-confirm', 'Do not send them')
          }
          confirmButtonVariant={asking === 'retry' ? 'primary' : 'destructive'}
          dismissText={
            asking === 'retry' ? t('deliveries.retry-dismiss', 'Not now') : t('deliveries.cancel-dismiss', 'Keep them')
          }
          onConfirm={() => {
            setAsking(undefined);
            act(asking);
          }}
          onDismiss={() => setAsking(undefined)}
        />
      )}
    </Stack>
  );
}

/** actedOn says whether the delivery was still one that can be acted on. */
const actedOn = (uid: string, id: string, action: DeliveryAction) =>
  actOn(uid, id, action).then(
    () => true,
    (cause) => {
      if (cause instanceof ApiError && [404, 409].includes(cause.status)) {
        return false;
      }
      throw cause;
    },
  );
