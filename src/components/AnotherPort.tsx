import { useEffect } from 'react';
import { Alert, Button, Text } from '@grafana/ui';
import type { Handshake } from '../api';
import { t } from '../i18n';
import { ENDPOINTS } from '../service';
import type { Config } from './useConfig';
import { keyOf, modeName, useProbes, works } from './useProbes';

// Where the way to the relay is closed, another port may be open. Where the relay
// answered and refused, none helps.
const STAGES = ['dial', 'greeting', 'starttls'];
const HINTS = ['plain-port', 'not-tls', 'tls-held-up'];
const CLOSED_TO_ALL = ['dns'];

const mayHelp = ({ error }: Handshake) =>
  error !== undefined &&
  !CLOSED_TO_ALL.includes(error.hintId ?? '') &&
  (STAGES.includes(error.stage) || HINTS.includes(error.hintId ?? ''));

const othersThan = (tried: number) => ENDPOINTS.filter(({ port }) => port !== tried);

/** AnotherPort looks, after a test that failed, for a port that works, and offers it. */
export function AnotherPort({ config, uid, report }: { config: Config; uid: string; report: Handshake }) {
  const { probes, running, run } = useProbes(uid);
  const wanted = mayHelp(report);
  useEffect(() => {
    if (wanted) {
      run(othersThan(report.port));
    }
  }, [wanted, report.port, run]);

  if (!wanted) {
    return null;
  }
  const found = othersThan(report.port).find((endpoint) => works(probes[keyOf(endpoint)]));
  if (!found) {
    return (
      <Text color="secondary">
        {running
          ? t('another-port.looking', 'Looking for a port that works…')
          : t('another-port.none', 'No other port of the service works from here either.')}
      </Text>
    );
  }
  const taken = config.settings.port === found.port && config.settings.portMode === found.mode;
  return (
    <Alert
      severity="info"
      bottomSpacing={0}
      title={t('another-port.found', 'Port {{port}} does not work from here, but port {{found}} ({{mode}}) does.', {
        port: report.port,
        found: found.port,
        mode: modeName(found),
      })}
    >
      {taken
        ? t('another-port.taken', 'It is entered. Press Save & test.')
        : !config.readOnly && (
            <Button size="sm" onClick={() => config.set({ portMode: found.mode, port: found.port })}>
              {t('diagnose.use-port', 'Use port {{port}}', { port: found.port })}
            </Button>
          )}
    </Alert>
  );
}
