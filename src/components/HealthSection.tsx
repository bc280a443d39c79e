import { useState } from 'react';
import { ConfigSection } from '@grafana/plugin-ui';
import { Alert, Button, Stack } from '@grafana/ui';
import type { HealthDetails } from '../api';
import { faulty } from '../domain';
import { accepted, useHealth } from '../health';
import { t } from '../i18n';
import { translated } from '../remedies';
import { AnotherPort } from './AnotherPort';
import { DomainTable } from './DomainTable';
import { HandshakeReport } from './HandshakeReport';
import { Passed } from './Passed';
import type { Config } from './useConfig';
import { RESULT } from './useProblems';

/** HealthSection shows the last "Save & test", once there was one: in a line if it passed, else with the step that failed. */
export function HealthSection({ config, uid }: { config: Config; uid: string }) {
  const [open, setOpen] = useState(false);
  const details = (useHealth(uid)?.details ?? {}) as HealthDetails;
  const { report, domain, profileDomains = [] } = details;
  if (!report) {
    return null;
  }
  if (report.error) {
    return (
      <ConfigSection title={t('health.title', 'Result of the test')}>
        <Stack direction="column" gap={1} id={RESULT}>
          <AnotherPort key={JSON.stringify(report)} config={config} uid={uid} report={report} />
          <HandshakeReport report={report} />
          <Warnings details={details} />
        </Stack>
      </ConfigSection>
    );
  }
  return (
    <Stack direction="column" gap={1}>
      <Stack alignItems="center" columnGap={1} rowGap={0} wrap="wrap">
        <span>{t('health.title', 'Result of the test')}:</span>
        <Passed text={accepted(report)}>
          <Button size="sm" fill="text" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t('health.steps', 'Every step')}
          </Button>
        </Passed>
      </Stack>
      {open && <Details details={details} />}
      <Warnings details={details} />
      {[domain, ...profileDomains].map(
        (one) => one && (open || faulty(one).length > 0) && <DomainTable key={one.domain} report={one} />,
      )}
    </Stack>
  );
}

function Warnings({ details: { warnings = [] } }: { details: HealthDetails }) {
  return warnings.map((warning) => (
    <Alert key={warning.hint} severity="warning" title={translated(warning)} bottomSpacing={0} />
  ));
}

/** Details are the steps of the test, and what becomes of mail that cannot be sent at once. */
function Details({ details: { report, outbox } }: { details: HealthDetails }) {
  return (
    <>
      {report && <HandshakeReport report={report} />}
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
    </>
  );
}
