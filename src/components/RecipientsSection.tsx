import { Combobox, Stack } from '@grafana/ui';
import { t } from '../i18n';
import type { RecipientMode } from '../types';
import { AddressList } from './AddressList';
import { ConfigField, TextField, WIDTH } from './ConfigField';
import { EXAMPLE } from './examples';
import { Fold } from './Fold';
import { recipientModes } from './names';
import type { Config } from './useConfig';

/** RecipientsSection says who else gets mail or may get it, and whom it is from. */
export function RecipientsSection({ config }: { config: Config }) {
  const { settings } = config;
  const copies = [
    { name: 'cc', label: t('config.cc.label', 'Cc') },
    { name: 'bcc', label: t('config.bcc.label', 'Bcc') },
  ] as const;

  return (
    <Fold
      config={config}
      keys={['cc', 'bcc', 'allowedRecipients', 'recipientMode', 'fromName', 'replyTo']}
      title={t('config.recipients.title', 'More recipients and sender')}
    >
      <Stack direction="column" gap={2}>
        {copies.map(({ name, label }) => (
          <ConfigField key={name} config={config} name={name} label={label}>
            <AddressList
              id={name}
              value={settings[name]}
              wrong={config.wrong(name)}
              onChange={(value) => config.set({ [name]: value })}
            />
          </ConfigField>
        ))}
        <ConfigField
          config={config}
          name="allowedRecipients"
          label={t('config.allowed.label', 'Allowed recipients')}
          description={t(
            'config.allowed.description',
            'Additional addresses a contact point may use with ?to=: an address, @example.com or *@*.example.com. Empty: nobody but the recipients above.',
          )}
        >
          <AddressList
            id="allowedRecipients"
            value={settings.allowedRecipients}
            wrong={config.wrong('allowedRecipients')}
            placeholder={EXAMPLE.pattern}
            onChange={(allowedRecipients) => config.set({ allowedRecipients })}
          />
        </ConfigField>
        <ConfigField
          config={config}
          name="recipientMode"
          label={t('config.recipient-mode.label', 'How to address several recipients')}
        >
          <Combobox<RecipientMode>
            id="recipientMode"
            width={WIDTH.long}
            value={settings.recipientMode}
            onChange={({ value }) => config.set({ recipientMode: value })}
            options={recipientModes()}
          />
        </ConfigField>
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
    </Fold>
  );
}
