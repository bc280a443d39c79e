import { useEffect, useState } from 'react';
import { ConfigSection } from '@grafana/plugin-ui';
import type { HealthCheckResult } from '@grafana/runtime';
import { Alert, Divider, Stack } from '@grafana/ui';
import type { HealthDetails } from '../api';
import { healthResults } from '../health';
import { t } from '../i18n';
import { translated } from '../remedies';
import { DomainTable } from './DomainTable';
import { HandshakeReport } from './HandshakeReport';

/** HealthSection shows the steps of the last "Save & test", once there was one. */
export function HealthSection({ uid }: { uid: string }) {
  const [result, setResult] = useState<HealthCheckResult>();
  useEffect(() => {
    const subscription = healthResults.subscribe((results) => setResult(results[uid]));
    return () => subscription.unsubscribe();
  }, [uid]);

  const { report, domain, outbox, warnings = [] } = (result?.details ?? {}) as HealthDetails;
  if (!report) {
    return null;
  }
  return (
    <>
      <Divider />
      <ConfigSection title={t('health.title', 'Result of the test')}>
        <Stack direction="column" gap={1}>
          <HandshakeReport report={report} />
          {outbox?.available && (
            <div>
              {outbox.durable
                ? t(
                    'health.outbox-durable',
                    'Mail that cannot be sent at once waits in {{location}} and outlives a restart.',
                    {
                      location: outbox.location ?? outbox.backend ?? '',
                    },
                  )
                : t(
                    'health.outbox-memory',
                    'Mail that cannot be sent at once waits in memory and is lost when Grafana stops.',
                  )}
            </div>
          )}
          {warnings.map((warning) => (
            <Alert key={warning.hint} severity="warning" title={translated(warning)} bottomSpacing={0} />
          ))}
          {domain && <DomainTable report={domain} />}
        </Stack>
      </ConfigSection>
    </>
  );
}
