import { useEffect, useState } from 'react';
import { BehaviorSubject } from 'rxjs';
import { HealthStatus, type HealthCheckResult } from '@grafana/runtime';
import type { HealthDetails } from './api';
import { stageName } from './components/names';
import { t } from './i18n';
import { problemText, translated, type SettingProblem } from './remedies';

/** The last health check of each data source, by uid. */
const results = new BehaviorSubject<Record<string, HealthCheckResult>>({});

/** reportHealth tells the config editor of a check that Grafana asked for. */
export const reportHealth = (uid: string, result: HealthCheckResult) =>
  results.next({ ...results.value, [uid]: result });

export const healthResults = results.asObservable();

/** useHealth returns the last health check of a data source, once there was one. */
export function useHealth(uid: string): HealthCheckResult | undefined {
  const [result, setResult] = useState<HealthCheckResult>();
  useEffect(() => {
    const subscription = healthResults.subscribe((all) => setResult(all[uid]));
    return () => subscription.unsubscribe();
  }, [uid]);
  return result;
}

/** accepted is what a handshake that passed says. */
export const accepted = ({ host, port, tls, mechanism }: NonNullable<HealthDetails['report']>) =>
  t('health.accepted', 'The relay {{host}}:{{port}} accepts the credentials ({{tls}}, AUTH {{mechanism}}).', {
    host,
    port,
    tls: tls?.version ?? 'TLS',
    mechanism: mechanism ?? '',
  });

/** invalid says what is wrong with the settings, first of all; every field that is shown says so as well. */
const invalid = (problems: SettingProblem[]): string =>
  [t('health.invalid', 'Some settings are not valid.'), ...[...new Set(problems.map(problemText))].slice(0, 3)].join(
    ' ',
  );

/** healthMessage is the message of a check in the reader's language, without what the config editor shows above it. */
export function healthMessage({ status, message, details }: HealthCheckResult): string {
  const { report, outbox, problems, warnings = [], ...hint } = (details ?? {}) as HealthDetails;
  if (problems) {
    return invalid(problems);
  }
  if (report?.error) {
    return t('health.failed', 'The test failed at: {{stage}}. See Result of the test above for what to do.', {
      stage: stageName(report.error.stage),
    });
  }
  if (report && outbox?.available === false) {
    return t(
      'health.not-stored',
      'The relay accepts the credentials, but alerts cannot be stored. See Result of the test above for the reason.',
    );
  }
  if (report && status === HealthStatus.OK) {
    const more = warnings.length > 0 && t('health.warnings', 'There are warnings: see Result of the test above.');
    return [accepted(report), more].filter(Boolean).join(' ');
  }
  return hint.hint ? message.replace(hint.hint, () => translated(hint)) : message;
}
