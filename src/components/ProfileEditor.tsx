import { useMemo, useState } from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Input, useStyles2 } from '@grafana/ui';
import { t } from '../i18n';
import type { Language, MailType, RecipientMode } from '../types';
import { ConfigField, idOf, TextAreaField, TextField, WIDTH } from './ConfigField';
import { EXAMPLE, LANGUAGES } from './examples';
import { mailTypeName, recipientModes } from './names';
import { PreviewSection } from './PreviewSection';
import { Charts, Choice, Digest, Headers, inherited, OwnList } from './ProfileFields';
import type { Config } from './useConfig';
import type { TemplateMistake } from './usePreview';
import { placeOf, useProfile, type ProfileConfig } from './useProfile';
import { zones } from './zones';

/** ProfileEditor edits one profile, and shows its mail. */
export function ProfileEditor({ config: source, uid, index }: { config: Config; uid: string; index: number }) {
  const styles = useStyles2(getStyles);
  const [mistake, setMistake] = useState<TemplateMistake>();
  const own = useProfile(source, index);
  const { profile } = own;
  const config: ProfileConfig = {
    ...own,
    error: (key) => own.error(key) ?? (placeOf(index, key) === mistake?.setting ? mistake.message : undefined),
  };
  const whole = source.errors[placeOf(index)];
  const lists = [
    { name: 'to', label: t('config.to.label', 'To') },
    { name: 'cc', label: t('config.cc.label', 'Cc') },
    { name: 'bcc', label: t('config.bcc.label', 'Bcc') },
    { name: 'allowedRecipients', label: t('config.allowed.label', 'Allowed recipients') },
  ] as const;
  const modes = recipientModes();
  const timezones = useMemo(() => zones(), []);
  return (
    <div className={styles.editor}>
      {whole && <div className={styles.wrong}>{whole}</div>}
      <div className={styles.grid}>
        <ConfigField
          config={config}
          name="name"
          label={t('profile.name', 'Name')}
          description={t('profile.name-help', 'In the URL of a contact point: ?profile={{name}}', {
            name: profile.name || 'oncall',
          })}
          required
        >
          <Input
            id={idOf(config, 'name')}
            width={WIDTH.long}
            value={profile.name ?? ''}
            required
            autoComplete="off"
            onChange={(event) => config.type('name' as 'host', event.currentTarget.value)}
          />
        </ConfigField>
        {lists.map(({ name, label }) => (
          <OwnList key={name} config={config} source={source} name={name} label={label} />
        ))}
        <Choice<RecipientMode>
          config={config}
          name="recipientMode"
          label={t('config.recipient-mode.label', 'How to address several recipients')}
          options={modes}
          unset={modes.find(({ value }) => value === source.settings.recipientMode)?.label}
        />
        <TextField
          config={config}
          name="fromAddress"
          label={t('config.from-address.label', 'From address')}
          placeholder={inherited(source.settings.fromAddress)}
        />
        <TextField
          config={config}
          name="fromName"
          label={t('config.from-name.label', 'From name')}
          placeholder={inherited(source.settings.fromName)}
        />
        <TextField
          config={config}
          name="replyTo"
          label={t('config.reply-to.label', 'Reply to')}
          placeholder={inherited(source.settings.replyTo)}
        />
        <Choice<MailType>
          config={config}
          name="mailType"
          label={t('config.mail-type.label', 'Mail type')}
          options={(['normal', 'auth', 'ad'] as const).map((value) => ({ value, label: mailTypeName(value) }))}
          unset={mailTypeName(source.settings.mailType ?? 'normal')}
        />
        <Choice<Language>
          config={config}
          name="language"
          label={t('config.language.label', 'Language of the mail')}
          options={LANGUAGES}
          unset={LANGUAGES.find(({ value }) => value === source.settings.language)?.label}
        />
        <Choice<string>
          config={config}
          name="timezone"
          label={t('config.timezone.label', 'Time zone of the mail')}
          options={timezones}
          unset={source.settings.timezone}
        />
        <Charts config={config} source={source} />
        <Digest config={config} />
        <Headers config={config} />
      </div>
      <TextField
        config={config}
        name="subjectTemplate"
        label={t('config.subject-template.label', 'Subject')}
        placeholder={source.settings.subjectTemplate ? inherited(source.settings.subjectTemplate) : EXAMPLE.subject}
      />
      <TextAreaField
        config={config}
        name="textTemplate"
        label={t('config.text-template.label', 'Plain text')}
        rows={profile.textTemplate ? 10 : 2}
        spellCheck={false}
        placeholder={inherited()}
      />
      <TextAreaField
        config={config}
        name="htmlTemplate"
        label={t('config.html-template.label', 'HTML')}
        rows={profile.htmlTemplate ? 10 : 2}
        spellCheck={false}
        placeholder={inherited()}
      />
      <PreviewSection
        config={config}
        uid={uid}
        onMistake={setMistake}
        profile={{ name: profile.name, jsonData: source.jsonData }}
      />
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  editor: css({
    display: 'flex',
    flexDirection: 'column',
    gap: theme.spacing(2),
    padding: theme.spacing(1, 2, 2, 4),
  }),
  grid: css({
    display: 'grid',
    gridTemplateColumns: `repeat(auto-fit, minmax(min(100%, ${theme.spacing(WIDTH.long)}), 1fr))`,
    gap: theme.spacing(2),
    alignItems: 'start',
  }),
  wrong: css({ color: theme.colors.error.text }),
});
