import { useState } from 'react';
import { dateTimeFormatTimeAgo, locationUtil } from '@grafana/data';
import { Alert, Badge, Box, Button, Stack, Text, TextLink } from '@grafana/ui';
import { deliveries } from '../api';
import { refusal, testContactPoint } from '../contactPointTest';
import type { Seen } from '../contactPoints';
import { t } from '../i18n';
import { DeleteDialog, RenewDialog } from './ContactPointDialogs';
import { Passed } from './Passed';
import { Problem } from './Problem';
import { useTask } from './useTask';

interface Props {
  uid: string;
  contactPoint: Seen;
  /** Why it can be neither renewed nor deleted here. */
  fixed?: string;
  busy: boolean;
  onRenew: () => void;
  onDelete: () => void;
}

/** ContactPointRow is one contact point of the data source: how it is doing, and what can be done. */
export function ContactPointRow({ uid, contactPoint, fixed, busy, onRenew, onDelete }: Props) {
  const [asking, setAsking] = useState<'renew' | 'delete'>();
  const test = useTask<{ queued: boolean }>();
  const { name, provenance, keyId, hasSecret } = contactPoint;
  const why = provenance ? t('contact-point.provisioned', 'It is provisioned: change it where it is defined.') : fixed;

  const runTest = () =>
    void test.run(async () => {
      await testContactPoint(contactPoint);
      // Grafana says the same whether the relay took the mail or it is queued.
      const [newest] = await deliveries(uid, 1).catch(() => []);
      return { queued: ['queued', 'sending'].includes(newest?.status) };
    });
  const dialog = {
    contactPoint,
    byHand: keyId === undefined,
    onCancel: () => setAsking(undefined),
  };

  return (
    <Box borderStyle="solid" borderColor="weak" borderRadius="default" padding={1.5}>
      <Stack direction="column" gap={1}>
        <Stack alignItems="center" justifyContent="space-between" wrap="wrap">
          <Stack alignItems="center" wrap="wrap">
            <TextLink
              href={locationUtil.assureBaseUrl(`/alerting/notifications?search=${encodeURIComponent(name)}`)}
              inline
            >
              {name}
            </TextLink>
            <Last last={contactPoint.last} />
          </Stack>
          <Stack wrap="wrap">
            <Button size="sm" variant="secondary" icon="bell" disabled={busy || test.running} onClick={runTest}>
              {t('contact-point.test', 'Send a test notification')}
            </Button>
            <Button
              size="sm"
              variant="secondary"
              icon="sync"
              disabled={busy || why !== undefined}
              tooltip={why}
              onClick={() => setAsking('renew')}
            >
              {t('contact-point.renew', 'Renew token and secret')}
            </Button>
            <Button
              size="sm"
              variant="secondary"
              icon="trash-alt"
              disabled={busy || why !== undefined}
              tooltip={why}
              aria-label={t('contact-point.delete-name', 'Delete {{name}}', { name })}
              onClick={() => setAsking('delete')}
            >
              {t('contact-point.delete', 'Delete')}
            </Button>
          </Stack>
        </Stack>
        {provenance && why && (
          <Text color="secondary" variant="bodySmall">
            {why}
          </Text>
        )}
        {contactPoint.last?.error && <Problem error={refusal(contactPoint.last.error)} />}
        {!hasSecret && (
          <Alert
            severity="error"
            bottomSpacing={0}
            title={t(
              'contact-point.no-secret',
              'The data source no longer has its signing secret: its alerts are refused.',
            )}
          >
            {t('contact-point.no-secret-help', 'Renew token and secret.')}
          </Alert>
        )}
        {test.error && <Problem error={test.error} />}
        {test.result?.queued && (
          <Alert
            severity="warning"
            bottomSpacing={0}
            title={t(
              'contact-point.queued',
              'The test notification is queued: the relay has not taken its mail yet. The delivery log says why.',
            )}
          />
        )}
        {test.result?.queued === false && (
          <Passed text={t('contact-point.tested', 'The test notification was mailed.')} />
        )}
      </Stack>
      {asking === 'renew' && (
        <RenewDialog
          {...dialog}
          onConfirm={() => {
            setAsking(undefined);
            onRenew();
          }}
        />
      )}
      {asking === 'delete' && (
        <DeleteDialog
          {...dialog}
          onConfirm={() => {
            setAsking(undefined);
            onDelete();
          }}
        />
      )}
    </Box>
  );
}

/** Last is how Grafana's last notification went. */
function Last({ last }: { last: Seen['last'] }) {
  if (!last) {
    return null;
  }
  if (!last.at) {
    return (
      <Text color="secondary" variant="bodySmall">
        {t('contact-point.never', 'No notification since Grafana started')}
      </Text>
    );
  }
  return (
    <Stack alignItems="center">
      <Badge
        color={last.error ? 'red' : 'green'}
        icon={last.error ? 'exclamation-triangle' : 'check'}
        text={last.error ? t('contact-point.last-failed', 'Failed') : t('contact-point.last-sent', 'Delivered')}
      />
      <Text color="secondary" variant="bodySmall">
        {t('contact-point.last-at', 'last notification: {{time}}', { time: dateTimeFormatTimeAgo(last.at) })}
      </Text>
    </Stack>
  );
}
