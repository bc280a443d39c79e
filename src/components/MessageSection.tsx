import { useMemo, useState } from 'react';
import { Combobox, RadioButtonGroup, Stack } from '@grafana/ui';
import { t } from '../i18n';
import type { Language, MailType } from '../types';
import { AdvertisingSection } from './AdvertisingSection';
import { ConfigField, SwitchField, TextAreaField, TextField, WIDTH } from './ConfigField';
import { EXAMPLE, LANGUAGES } from './examples';
import { Fold } from './Fold';
import { mailTypeName } from './names';
import { PreviewSection } from './PreviewSection';
import type { Config } from './useConfig';
import type { TemplateMistake } from './usePreview';
import { zones } from './zones';

const KEYS = [
  'mailType',
  'language',
  'timezone',
  'stableSubject',
  'subjectTemplate',
  'textTemplate',
  'htmlTemplate',
  'adSenderName',
  'adSenderAddress',
  'unsubscribeUrl',
  'unsubscribeAddress',
] as const;

/** MessageSection says how the mail reads, and shows it. */
export function MessageSection({ config: saved, uid }: { config: Config; uid: string }) {
  const { settings } = saved;
  const [mistake, setMistake] = useState<TemplateMistake>();
  // What the preview found wrong with a template stands at its field, while that is typed in, too.
  const config: Config = {
    ...saved,
    error: (key) => saved.error(key) ?? (key === mistake?.setting ? (saved.errors[key] ?? mistake.message) : undefined),
  };
  const timezones = useMemo(() => zones(), []);
  const builtIn = t('config.template.built-in', 'Empty: the built-in template');
  const bodies = [
    { name: 'textTemplate', label: t('config.text-template.label', 'Plain text') },
    { name: 'htmlTemplate', label: t('config.html-template.label', 'HTML') },
  ] as const;
  const language = LANGUAGES.find(({ value }) => value === settings.language)?.label ?? settings.language;

  return (
    <Fold
      config={config}
      keys={KEYS}
      title={t('config.message.title', 'Message, templates and preview')}
      summary={`${language}, ${settings.timezone}`}
    >
      <Stack direction="column" gap={2}>
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
            value={settings.mailType ?? null}
            onChange={(option) => config.set({ mailType: option?.value })}
            options={(['normal', 'auth', 'ad'] as const).map((value) => ({ value, label: mailTypeName(value) }))}
          />
        </ConfigField>
        <AdvertisingSection config={config} />
        <ConfigField config={config} name="language" label={t('config.language.label', 'Language of the mail')}>
          <RadioButtonGroup<Language>
            id="language"
            aria-label={t('config.language.label', 'Language of the mail')}
            value={settings.language}
            onChange={(value) => config.set({ language: value })}
            options={LANGUAGES}
          />
        </ConfigField>
        <ConfigField config={config} name="timezone" label={t('config.timezone.label', 'Time zone of the mail')}>
          <Combobox<string>
            id="timezone"
            width={WIDTH.long}
            value={settings.timezone}
            onChange={({ value }) => config.set({ timezone: value })}
            options={timezones}
          />
        </ConfigField>
        <SwitchField
          config={config}
          name="stableSubject"
          label={t('config.stable-subject.label', 'Stable subject')}
          description={t(
            'config.stable-subject.description',
            'Behind the state, the built-in subject has only the labels of the group, so that mail readers which thread by subject keep a group in one conversation whichever alerts come and go.',
          )}
        />
        <TextField
          config={config}
          name="subjectTemplate"
          label={t('config.subject-template.label', 'Subject')}
          description={t('config.subject-template.description', 'A Go template. Empty: the built-in subject.')}
          placeholder={EXAMPLE.subject}
        />
        {bodies.map(({ name, label }) => (
          <TextAreaField
            key={name}
            config={config}
            name={name}
            label={label}
            rows={settings[name] ? 10 : 3}
            spellCheck={false}
            placeholder={builtIn}
          />
        ))}
        <PreviewSection config={saved} uid={uid} onMistake={setMistake} />
      </Stack>
    </Fold>
  );
}
