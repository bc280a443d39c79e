import { useMemo } from 'react';
import { ConfigSection } from '@grafana/plugin-ui';
import { Combobox, RadioButtonGroup, Stack } from '@grafana/ui';
import { t } from '../i18n';
import type { Language } from '../types';
import { AdvertisingSection } from './AdvertisingSection';
import { ConfigField, SwitchField, TextAreaField, TextField, WIDTH } from './ConfigField';
import { EXAMPLE, LANGUAGES } from './examples';
import { PreviewSection } from './PreviewSection';
import type { Config } from './useConfig';

/** MessageSection says how the mail reads. */
export function MessageSection({ config, uid }: { config: Config; uid: string }) {
  const { settings } = config;
  const zones = useMemo(
    () => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')].map((value) => ({ value })),
    [],
  );
  const builtIn = t('config.template.built-in', 'Empty: the built-in template');
  const bodies = [
    { name: 'textTemplate', label: t('config.text-template.label', 'Plain text') },
    { name: 'htmlTemplate', label: t('config.html-template.label', 'HTML') },
  ] as const;

  return (
    <ConfigSection title={t('config.message.title', 'Message')}>
      <Stack direction="column" gap={2}>
        <ConfigField config={config} name="language" label={t('config.language.label', 'Language of the mail')}>
          <RadioButtonGroup<Language>
            id="language"
            aria-label={t('config.language.label', 'Language of the mail')}
            value={settings.language}
            onChange={(language) => config.set({ language })}
            options={LANGUAGES}
          />
        </ConfigField>
        <ConfigField config={config} name="timezone" label={t('config.timezone.label', 'Time zone of the mail')}>
          <Combobox<string>
            id="timezone"
            width={WIDTH.long}
            value={settings.timezone}
            onChange={({ value }) => config.set({ timezone: value })}
            options={zones}
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
        <AdvertisingSection config={config} />
        <PreviewSection config={config} uid={uid} />
      </Stack>
    </ConfigSection>
  );
}
