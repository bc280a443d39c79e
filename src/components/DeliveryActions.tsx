import { useEffect, useState } from 'react';
import type { PanelData } from '@grafana/data';
import { config as grafana } from '@grafana/runtime';
import { Badge, Button, ConfirmModal, Stack, type BadgeColor } from '@grafana/ui';
import { actOn, type DeliveryAction } from '../api';
import { t } from '../i18n';
import type { EmailQuery } from '../types';
import { statusName } from './names';
import { Problem } from './Problem';
import { useTask } from './useTask';

interface Props {
  uid: string;
  /** Of the query, and what it found. */
  refId: string;
  data?: PanelData;
  onRunQuery: () => void;
  /** Asks another query in place of this one. */
  onShow: (query: Partial<EmailQuery>) => void;
}

/** WAITING may be taken back; RETRYABLE has its mail, or may still have it. */
export const WAITING = ['queued', 'held'];
export const RETRYABLE = [...WAITING, 'failed'];
/** COLLECTING is a digest that is still being gathered: to retry it is to send it now. */
const COLLECTING = 'collecting';

/** mayAct says whether the user may retry and cancel. */
export const mayAct = () => ['Editor', 'Admin'].includes(grafana.bootData.user.orgRole);

// An attempt takes a moment: its outcome is looked for this often.
const LOOKS = 5;
const PAUSE_MS = 1000;

const colors: Record<string, BadgeColor> = {
  collecting: 'purple',
  sent: 'green',
  partial: 'orange',
  digested: 'purple',
  queued: 'blue',
  sending: 'blue',
  held: 'orange',
  failed: 'red',
  expired: 'red',
  cancelled: 'darkgrey',
};

/** MAX_DIGESTS is to how many digests a delivery of several recipients leads. */
const MAX_DIGESTS = 5;

/** DeliveryActions says how a delivery stands, retries it or takes it back, and leads to its digest and from there. */
export function DeliveryActions({ uid, refId, data, onRunQuery, onShow }: Props) {
  const task = useTask<unknown>();
  const [asking, setAsking] = useState(false);
  const [looks, setLooks] = useState(0);
  useEffect(() => {
    if (looks === 0) {
      return;
    }
    const timer = setTimeout(() => {
      setLooks(looks - 1);
      onRunQuery();
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [looks, onRunQuery]);

  const values = (table: string, column: string): unknown[] =>
    data?.series
      .find((frame) => frame.refId === refId && frame.name === table)
      ?.fields.find(({ name }) => name === column)?.values ?? [];
  const [id, status] = ['id', 'status'].map((column) => values('delivery', column)[0] as string);
  const [notifications] = values('delivery', 'notifications') as number[];
  const addresses = values('recipients', 'address') as string[];
  const digests = values('recipients', 'digest')
    .map((digest, i) => ({ digest: digest as string, address: addresses[i] }))
    .filter(({ digest }) => digest);
  if (!status) {
    return null;
  }
  const allowed = mayAct();
  const collecting = status === COLLECTING;
  const act = (action: DeliveryAction) =>
    void task.run(async () => {
      await actOn(uid, id, action);
      onRunQuery();
      setLooks(LOOKS);
    });

  return (
    <Stack direction="column" gap={1}>
      <Stack alignItems="center">
        <Badge color={colors[status] ?? 'blue'} text={statusName(status)} />
        {allowed && (collecting || RETRYABLE.includes(status)) && (
          <Button
            size="sm"
            variant="secondary"
            icon={collecting ? 'envelope' : 'sync'}
            disabled={task.running}
            onClick={() => act('retry')}
          >
            {collecting ? t('delivery.send-now', 'Send now') : t('delivery.retry', 'Retry now')}
          </Button>
        )}
        {allowed && (collecting || WAITING.includes(status)) && (
          <Button size="sm" variant="secondary" icon="times" disabled={task.running} onClick={() => setAsking(true)}>
            {t('delivery.cancel', 'Cancel the mail')}
          </Button>
        )}
        {!allowed && (collecting || RETRYABLE.includes(status)) && (
          <span>{t('delivery.role', 'To retry or cancel it, you need the role Editor.')}</span>
        )}
        {digests.slice(0, MAX_DIGESTS).map(({ digest, address }) => (
          <Button key={address} size="sm" fill="text" onClick={() => onShow({ queryType: 'delivery', id: digest })}>
            {digests.length === 1
              ? t('delivery.show-digest', 'Show the digest')
              : t('delivery.show-digest-of', 'Show the digest of {{address}}', { address })}
          </Button>
        ))}
        {notifications > 0 && (
          <Button size="sm" fill="text" onClick={() => onShow({ queryType: 'deliveries', id: undefined, digest: id })}>
            {t('delivery.show-carried-number', 'Show the {{notifications}} notifications in it', { notifications })}
          </Button>
        )}
      </Stack>
      {task.error && <Problem error={task.error} />}
      <ConfirmModal
        isOpen={asking}
        title={t('delivery.cancel', 'Cancel the mail')}
        body={
          collecting
            ? t('delivery.cancel-digest', 'What it has collected is mailed in no other way. This cannot be undone.')
            : t(
                'delivery.cancel-body',
                'Recipients who have not received it yet will not receive it. This cannot be undone.',
              )
        }
        confirmText={t('delivery.cancel-confirm', 'Do not send it')}
        dismissText={t('delivery.cancel-dismiss', 'Keep it')}
        onConfirm={() => {
          setAsking(false);
          act('cancel');
        }}
        onDismiss={() => setAsking(false)}
      />
    </Stack>
  );
}
