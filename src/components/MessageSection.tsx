import { useMemo } from 'react';
import { ConfigSection } from '@grafana/plugin-ui';
import { Combobox, RadioButtonGroup, Stack, TextArea } from '@grafana/ui';
import { t } from '../i18n';
import type { Language } from '../types';
import { ConfigField, TextField, WIDTH } from './ConfigField';
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
        <TextField
          config={config}
          name="subjectTemplate"
          label={t('config.subject-template.label', 'Subject')}
          description={t('config.subject-template.description', 'A Go template. Empty: the title of the notification.')}
          placeholder={EXAMPLE.subject}
        />
        {bodies.map(({ name, label }) => (
          <ConfigField key={name} config={config} name={name} label={label}>
            <TextArea
              id={name}
              rows={settings[name] ? 10 : 3}
              spellCheck={false}
              placeholder={builtIn}
              value={settings[name] ?? ''}
              onChange={(event) => config.set({ [name]: event.currentTarget.value || undefined })}
            />
          </ConfigField>
        ))}
        <PreviewSection config={config} uid={uid} />
      </Stack>
    </ConfigSection>
  );
}
