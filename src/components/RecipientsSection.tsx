import { ConfigSection } from '@grafana/plugin-ui';
import { Combobox, Stack, Text } from '@grafana/ui';
import { useKnownDomain } from '../domain';
import { t } from '../i18n';
import type { RecipientMode } from '../types';
import { AddressList } from './AddressList';
import { ConfigField, WIDTH } from './ConfigField';
import { EXAMPLE } from './examples';
import { RestrictedNotice, restrictedHosts } from './RestrictedNotice';
import type { Config } from './useConfig';

/** RecipientsSection says whom alerts go to, and whom they may go to. */
export function RecipientsSection({ config, uid }: { config: Config; uid: string }) {
  const { settings } = config;
  const known = useKnownDomain(uid, restrictedHosts([settings.to, settings.cc, settings.bcc].flat()).length > 0);
  const lists = [
    {
      name: 'to',
      label: t('config.to.label', 'To'),
      placeholder: t('config.to.placeholder', 'ops@example.com, then Enter'),
    },
    { name: 'cc', label: t('config.cc.label', 'Cc') },
    { name: 'bcc', label: t('config.bcc.label', 'Bcc') },
  ] as const;

  return (
    <ConfigSection
      title={t('config.recipients.title', 'Recipients')}
      description={t(
        'config.recipients.description',
        'The recipients of every alert that names none itself. Write user@example.com or Name <user@example.com>, or paste a list.',
      )}
    >
      <Stack direction="column" gap={2}>
        {lists.every(({ name }) => settings[name].length === 0) && (
          <Text color="warning">
            {t(
              'config.recipients.none',
              'No recipient is set: an alert is refused unless its contact point names one with ?to=.',
            )}
          </Text>
        )}
        {lists.map(({ name, label, ...rest }) => (
          <Stack key={name} direction="column" gap={1}>
            <ConfigField config={config} name={name} label={label}>
              <AddressList
                id={name}
                value={settings[name]}
                wrong={config.wrong(name)}
                onChange={(value) => config.set({ [name]: value })}
                {...rest}
              />
            </ConfigField>
            <RestrictedNotice to={settings[name]} from={settings.fromAddress ?? ''} known={known} />
          </Stack>
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
            options={[
              {
                value: 'single',
                label: t('recipient-mode.single', 'One mail for all'),
                description: t('recipient-mode.single-help', 'Everyone sees who else got it.'),
              },
              {
                value: 'individual',
                label: t('recipient-mode.individual', 'One mail each'),
                description: t('recipient-mode.individual-help', 'Everyone sees only their own address.'),
              },
              {
                value: 'undisclosed',
                label: t('recipient-mode.undisclosed', 'One mail, recipients hidden'),
                description: t('recipient-mode.undisclosed-help', 'The mail names no recipient.'),
              },
            ]}
          />
        </ConfigField>
      </Stack>
    </ConfigSection>
  );
}
