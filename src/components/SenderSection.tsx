import { ConfigSection } from '@grafana/plugin-ui';
import { Stack } from '@grafana/ui';
import { t } from '../i18n';
import { TextField } from './ConfigField';
import { EXAMPLE } from './examples';
import type { Config } from './useConfig';

/** SenderSection says whom the mail is from. */
export function SenderSection({ config }: { config: Config }) {
  return (
    <ConfigSection title={t('config.sender.title', 'Sender')}>
      <Stack direction="column" gap={2}>
        <TextField
          config={config}
          name="fromAddress"
          label={t('config.from-address.label', 'From address')}
          description={t(
            'config.from-address.description',
            'Verify its domain in the NHN Cloud console: some servers refuse mail from an unverified one.',
          )}
          placeholder={EXAMPLE.from}
          required
        />
        <TextField
          config={config}
          name="fromName"
          label={t('config.from-name.label', 'From name')}
          placeholder={t('config.from-name.placeholder', 'Grafana alerts')}
        />
        <TextField
          config={config}
          name="replyTo"
          label={t('config.reply-to.label', 'Reply to')}
          description={t('config.reply-to.description', 'Where answers go. Empty: to the sender.')}
          placeholder={EXAMPLE.replyTo}
        />
      </Stack>
    </ConfigSection>
  );
}
