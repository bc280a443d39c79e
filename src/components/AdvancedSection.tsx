import { ConfigSubSection } from '@grafana/plugin-ui';
import { config as grafana } from '@grafana/runtime';
import { RadioButtonGroup, SecretInput, SecretTextArea, Stack } from '@grafana/ui';
import { t } from '../i18n';
import { DEFAULTS } from '../settings';
import type { AuthMechanism } from '../types';
import { AddressList } from './AddressList';
import { ChartsSection } from './ChartsSection';
import { ConfigField, NumberField, SwitchField, TextField, WIDTH } from './ConfigField';
import { EXAMPLE } from './examples';
import { Fold } from './Fold';
import type { Config } from './useConfig';

const KEYS = [
  'authMechanism',
  'maxConnections',
  'messagesPerConnection',
  'timeoutSeconds',
  'messagesPerMinute',
  'maxPerRecipient',
  'brakeExempt',
  'dedupeSeconds',
  'serverName',
  'ehloName',
  'serviceUrl',
  'dkimSelector',
  'spfInclude',
  'webhookSecret',
  'tlsCACert',
  'tlsSkipVerify',
  'tlsAuthWithCACert',
  'enableSecureSocksProxy',
  'serviceResults',
  'charts',
  'grafanaToken',
  'grafanaUrl',
] as const;

/** AdvancedSection holds what few need to change. */
export function AdvancedSection({ config }: { config: Config }) {
  const { settings } = config;
  const webhookSecret = config.secret('webhookSecret');
  const caCert = config.secret('tlsCACert');

  return (
    <Fold config={config} keys={KEYS} title={t('config.advanced.title', 'Advanced')}>
      <Stack direction="column" gap={3}>
        <ConfigSubSection title={t('config.sending.title', 'Sending')}>
          <Stack direction="column" gap={2}>
            <NumberField
              config={config}
              name="maxConnections"
              label={t('config.max-connections.label', 'Maximum connections')}
              description={t('config.max-connections.description', 'At most this many to the relay at once.')}
            />
            <NumberField
              config={config}
              name="messagesPerConnection"
              label={t('config.per-connection.label', 'Mails per connection')}
              description={t('config.per-connection.description', 'Then another connection takes its place.')}
            />
            <NumberField
              config={config}
              name="messagesPerMinute"
              label={t('config.rate.label', 'Mails per minute')}
              description={t('config.rate.description', '0: no limit.')}
            />
            <NumberField
              config={config}
              name="maxPerRecipient"
              label={t('config.brake.label', 'Mails per recipient and hour')}
              description={t(
                'config.brake.description',
                'What is more is told in one digest; critical alerts are mailed all the same. 0: no limit.',
              )}
            />
            <ConfigField
              config={config}
              name="brakeExempt"
              label={t('config.exempt.label', 'Severities that are mailed all the same')}
              description={t(
                'config.exempt.description',
                'Beyond that number, too, and past the digest of a profile. A word stands for its rank: critical for P1, too.',
              )}
            >
              <AddressList
                id="brakeExempt"
                value={settings.brakeExempt}
                wrong={config.wrong('brakeExempt')}
                placeholder={DEFAULTS.brakeExempt[0]}
                onChange={(brakeExempt) => config.set({ brakeExempt })}
              />
            </ConfigField>
            <NumberField
              config={config}
              name="timeoutSeconds"
              label={t('config.timeout.label', 'Timeout')}
              description={t('config.timeout.description', 'For each step of a session with the relay.')}
              suffix={t('config.seconds', 'seconds')}
            />
            <NumberField
              config={config}
              name="dedupeSeconds"
              label={t('config.dedupe.label', 'Suppress duplicates for')}
              description={t(
                'config.dedupe.description',
                'Within this time the same notification is not mailed again. 0: always mailed.',
              )}
              suffix={t('config.seconds', 'seconds')}
            />
          </Stack>
        </ConfigSubSection>
        <ConfigSubSection title={t('config.security.title', 'Authentication and TLS')}>
          <Stack direction="column" gap={2}>
            <ConfigField
              config={config}
              name="authMechanism"
              label={t('config.mechanism.label', 'SMTP authentication')}
              description={t(
                'config.mechanism.description',
                'Automatic takes PLAIN where the relay offers and accepts it, else LOGIN.',
              )}
            >
              <RadioButtonGroup<AuthMechanism>
                id="authMechanism"
                aria-label={t('config.mechanism.label', 'SMTP authentication')}
                value={settings.authMechanism}
                onChange={(authMechanism) => config.set({ authMechanism })}
                options={[
                  { value: 'auto', label: t('config.mechanism.auto', 'Automatic') },
                  { value: 'plain', label: t('config.mechanism.plain', 'PLAIN') },
                  { value: 'login', label: t('config.mechanism.login', 'LOGIN') },
                ]}
              />
            </ConfigField>
            <ConfigField
              config={config}
              name="webhookSecret"
              label={t('config.webhook-secret.label', 'Signing secret')}
              description={t(
                'config.webhook-secret.description',
                'When set, alerts are taken only with a signature made with it. Enter the same secret in the contact point (HMAC signature, header X-Grafana-Alerting-Signature).',
              )}
            >
              <SecretInput
                id="webhookSecret"
                width={WIDTH.long}
                autoComplete="new-password"
                isConfigured={webhookSecret.isConfigured}
                value={webhookSecret.value}
                onChange={(event) => webhookSecret.set(event.currentTarget.value)}
                onReset={webhookSecret.reset}
              />
            </ConfigField>
            <SwitchField
              config={config}
              name="tlsAuthWithCACert"
              label={t('config.ca.label', 'Trust only this CA certificate')}
              description={t('config.ca.description', 'For a relay whose certificate no public authority signed.')}
            />
            {settings.tlsAuthWithCACert && (
              <ConfigField
                config={config}
                name="tlsCACert"
                label={t('config.ca-cert.label', 'CA certificate')}
                required
              >
                <SecretTextArea
                  id="tlsCACert"
                  rows={7}
                  placeholder={EXAMPLE.certificate}
                  isConfigured={caCert.isConfigured}
                  value={caCert.value}
                  onChange={(event) => caCert.set(event.currentTarget.value)}
                  onReset={caCert.reset}
                />
              </ConfigField>
            )}
            <TextField
              config={config}
              name="serverName"
              label={t('config.server-name.label', 'Server name')}
              description={t(
                'config.server-name.description',
                'The name that the certificate must carry. Empty: the host.',
              )}
            />
            <SwitchField
              config={config}
              name="tlsSkipVerify"
              label={t('config.skip-verify.label', 'Skip TLS verification')}
              description={t(
                'config.skip-verify.description',
                'Whoever sits between Grafana and the relay can then read the credentials. For tests only.',
              )}
            />
          </Stack>
        </ConfigSubSection>
        <ConfigSubSection title={t('config.domain.title', "Sender's domain")}>
          <Stack direction="column" gap={2}>
            <TextField
              config={config}
              name="dkimSelector"
              label={t('config.dkim-selector.label', 'DKIM selector')}
              description={t(
                'config.dkim-selector.description',
                'The part before ._domainkey in the DKIM record that the console shows.',
              )}
              placeholder={DEFAULTS.dkimSelector}
            />
            <TextField
              config={config}
              name="spfInclude"
              label={t('config.spf-include.label', 'SPF include')}
              description={t(
                'config.spf-include.description',
                'The host that the SPF record of the domain must include. Save & test checks it in DNS.',
              )}
              placeholder={DEFAULTS.spfInclude}
            />
          </Stack>
        </ConfigSubSection>
        <ChartsSection config={config} />
        <ConfigSubSection title={t('config.network.title', 'Network')}>
          <Stack direction="column" gap={2}>
            <TextField
              config={config}
              name="ehloName"
              label={t('config.ehlo.label', 'EHLO name')}
              description={t(
                'config.ehlo.description',
                'How Grafana introduces itself to the relay. Empty: its host name if that has a dot, else its IP address.',
              )}
            />
            {grafana.secureSocksDSProxyEnabled && (
              <SwitchField
                config={config}
                name="enableSecureSocksProxy"
                label={t('config.socks.label', 'Secure SOCKS proxy')}
                description={t(
                  'config.socks.description',
                  'Connect through the proxy that this Grafana server is set up with.',
                )}
              />
            )}
          </Stack>
        </ConfigSubSection>
        <ConfigSubSection title={t('config.service.title', 'Results from the service')}>
          <Stack direction="column" gap={2}>
            <SwitchField
              config={config}
              name="serviceResults"
              label={t('config.service-results.label', 'Ask the service what became of mail')}
              description={t(
                'config.service-results.description',
                'Queries can then ask the API of NHN Cloud Email what became of mail after the relay accepted it. It is asked only when a dashboard, Explore or an alert rule runs such a query, with the AppKey and the SecretKey.',
              )}
            />
            {(settings.serviceResults || config.errors.serviceUrl) && (
              <TextField
                config={config}
                name="serviceUrl"
                label={t('config.service-url.label', 'API address')}
                description={t(
                  'config.service-url.description',
                  'An https URL. The SecretKey is sent there. Empty: the API of NHN Cloud Email.',
                )}
                placeholder={DEFAULTS.serviceUrl}
              />
            )}
          </Stack>
        </ConfigSubSection>
      </Stack>
    </Fold>
  );
}
