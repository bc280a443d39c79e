import { ConfigSection } from '@grafana/plugin-ui';
import { Combobox, SecretInput, Stack } from '@grafana/ui';
import { t } from '../i18n';
import type { MailType } from '../types';
import { ConfigField, TextField, WIDTH } from './ConfigField';
import { mailTypeName } from './names';
import type { Config } from './useConfig';

/** CredentialsSection holds what the service knows the sender by. */
export function CredentialsSection({ config }: { config: Config }) {
  const secretKey = config.secret('secretKey');
  return (
    <ConfigSection title={t('config.credentials.title', 'Credentials')}>
      <Stack direction="column" gap={2}>
        <TextField config={config} name="appKey" label={t('config.app-key.label', 'AppKey')} required />
        <ConfigField config={config} name="secretKey" label={t('config.secret-key.label', 'SecretKey')} required>
          <SecretInput
            id="secretKey"
            width={WIDTH.long}
            autoComplete="new-password"
            isConfigured={secretKey.isConfigured}
            value={secretKey.value}
            onChange={(event) => secretKey.set(event.currentTarget.value)}
            onReset={secretKey.reset}
          />
        </ConfigField>
        <ConfigField
          config={config}
          name="mailType"
          label={t('config.mail-type.label', 'Mail type')}
          tooltip={t(
            'config.mail-type.tooltip',
            'What the mail is for. The service is told with the user name (AppKey#normal, AppKey#auth, AppKey#ad). Alerts are normal mail; authentication is for one-time codes. Advertising follows the rules for ads: the subject starts with (광고), and the body names the sender and how to unsubscribe.',
          )}
        >
          <Combobox<MailType>
            id="mailType"
            width={WIDTH.long}
            isClearable
            placeholder={t('config.mail-type.unset', 'Default (normal)')}
            value={config.settings.mailType ?? null}
            onChange={(option) => config.set({ mailType: option?.value })}
            options={[
              { value: 'normal', label: mailTypeName('normal') },
              { value: 'auth', label: mailTypeName('auth') },
              { value: 'ad', label: mailTypeName('ad') },
            ]}
          />
        </ConfigField>
      </Stack>
    </ConfigSection>
  );
}
