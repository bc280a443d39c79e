import { ConfigSubSection } from '@grafana/plugin-ui';
import { config as grafana } from '@grafana/runtime';
import { SecretInput, Stack } from '@grafana/ui';
import { t } from '../i18n';
import { ConfigField, SwitchField, TextField, WIDTH } from './ConfigField';
import type { Config } from './useConfig';

/** ChartsSection is about the charts that mail shows, and how Grafana's API is reached for them. */
export function ChartsSection({ config }: { config: Config }) {
  const token = config.secret('grafanaToken');
  return (
    <ConfigSubSection title={t('config.charts.title', 'Charts')}>
      <Stack direction="column" gap={2}>
        <SwitchField
          config={config}
          name="charts"
          label={t('config.charts.label', 'Charts in the mail')}
          description={t(
            'config.charts.description',
            'Alerts show a chart of what their rule measures, with its limit. This needs a token for Grafana, entered below or set in grafana.ini. Recipients then see data of the rule, outside Grafana too.',
          )}
        />
        {(config.settings.charts || config.errors.grafanaUrl) && (
          <>
            <ConfigField
              config={config}
              name="grafanaToken"
              label={t('config.grafana-token.label', 'Grafana token')}
              description={t(
                'config.grafana-token.description',
                'Of a service account of this organization that may read alert rules and folders and query the data sources of the rules. Empty: the one in grafana.ini.',
              )}
            >
              <SecretInput
                id="grafanaToken"
                width={WIDTH.long}
                autoComplete="new-password"
                isConfigured={token.isConfigured}
                value={token.value}
                onChange={(event) => token.set(event.currentTarget.value)}
                onReset={token.reset}
              />
            </ConfigField>
            <TextField
              config={config}
              name="grafanaUrl"
              label={t('config.grafana-url.label', 'Grafana address')}
              description={t(
                'config.grafana-url.description',
                "Where Grafana's own server reaches its API; the token is sent there. Empty: grafana_url in grafana.ini, else root_url.",
              )}
              placeholder={grafana.appUrl || 'http://localhost:3000'}
            />
          </>
        )}
      </Stack>
    </ConfigSubSection>
  );
}
