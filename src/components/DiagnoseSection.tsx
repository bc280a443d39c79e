import { useState } from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { ConfigSubSection } from '@grafana/plugin-ui';
import { Button, Icon, Spinner, Stack, useStyles2 } from '@grafana/ui';
import { t } from '../i18n';
import { ENDPOINTS, isServiceHost, type Endpoint } from '../service';
import { HandshakeReport, milliseconds } from './HandshakeReport';
import { Remedy } from './Remedy';
import { getTableStyles } from './table';
import { Unsaved } from './Unsaved';
import type { Config } from './useConfig';
import { isHandshake, keyOf, modeName, useProbes, works, type Probe } from './useProbes';

/** DiagnoseSection tries every port of the service, and shows each as it answers. */
export function DiagnoseSection({ config, uid }: { config: Config; uid: string }) {
  const styles = useStyles2(getStyles);
  const { settings } = config;
  const { probes, running, run: probe } = useProbes(uid);
  const [shown, setShown] = useState<string>();

  const own: Endpoint = { mode: settings.portMode, port: settings.port };
  const endpoints =
    isServiceHost(settings.host) || ENDPOINTS.some((one) => keyOf(one) === keyOf(own))
      ? ENDPOINTS
      : [own, ...ENDPOINTS];

  const run = () => {
    setShown(undefined);
    probe(endpoints);
  };

  return (
    <ConfigSubSection
      title={t('diagnose.title', 'Diagnose')}
      description={t(
        'diagnose.description',
        'Tries every port with a real sign-in, using the saved settings. Nothing is sent.',
      )}
    >
      <Stack direction="column" gap={2}>
        <Unsaved config={config} />
        <div>
          <Button variant="secondary" icon="heart-rate" onClick={run} disabled={running || !config.ready}>
            {running ? t('diagnose.running', 'Trying the ports…') : t('diagnose.run', 'Try all ports')}
          </Button>
        </div>
        {Object.keys(probes).length > 0 && (
          <table className={styles.table} aria-label={t('diagnose.label', 'Ports of the relay')} aria-busy={running}>
            <thead>
              <tr>
                <th scope="col">{t('config.port.label', 'Port')}</th>
                <th scope="col">{t('config.port-mode.label', 'Encryption')}</th>
                <th scope="col">{t('diagnose.result', 'Result')}</th>
                <th scope="col">{t('diagnose.actions', 'Actions')}</th>
              </tr>
            </thead>
            <tbody>
              {endpoints.map((endpoint) => {
                const key = keyOf(endpoint);
                const probe = probes[key];
                return (
                  <tr key={key}>
                    <th scope="row">{endpoint.port}</th>
                    <td>{modeName(endpoint)}</td>
                    <td aria-live="polite">{probe && <Result probe={probe} />}</td>
                    <td>
                      <Stack gap={1}>
                        {isHandshake(probe) && (
                          <Button
                            size="sm"
                            fill="text"
                            aria-expanded={shown === key}
                            aria-label={t('diagnose.details-of', 'Details of port {{port}}', { port: endpoint.port })}
                            onClick={() => setShown(shown === key ? undefined : key)}
                          >
                            {t('diagnose.details', 'Details')}
                          </Button>
                        )}
                        {works(probe) && !config.readOnly && key !== keyOf(own) && (
                          <Button
                            size="sm"
                            variant="secondary"
                            aria-label={t('diagnose.use-port', 'Use port {{port}}', { port: endpoint.port })}
                            onClick={() => config.set({ portMode: endpoint.mode, port: endpoint.port })}
                          >
                            {t('diagnose.use', 'Use this one')}
                          </Button>
                        )}
                        {key === keyOf(own) && <span className={styles.own}>{t('diagnose.in-use', 'In use')}</span>}
                      </Stack>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
        {shown && isHandshake(probes[shown]) && <HandshakeReport report={probes[shown]} />}
      </Stack>
    </ConfigSubSection>
  );
}

function Result({ probe }: { probe: Probe }) {
  const styles = useStyles2(getStyles);
  if (probe === 'running') {
    return <Spinner inline />;
  }
  if (!isHandshake(probe) || probe.error) {
    const failure = isHandshake(probe) ? probe.error! : { error: probe.message, hint: probe.hint };
    return (
      <Stack gap={0.5}>
        <Icon name="times" className={styles.failed} title={t('handshake.failed', 'Failed')} />
        <Remedy failure={failure} />
      </Stack>
    );
  }
  const total = probe.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
  return (
    <span className={styles.passed}>
      <Icon name="check" /> {t('diagnose.works', 'Works ({{duration}})', { duration: milliseconds(total) })}
    </span>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  ...getTableStyles(theme),
  own: css({ color: theme.colors.text.secondary }),
});
