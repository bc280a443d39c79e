import { useMemo, useState } from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Checkbox, Combobox, Input, Stack, TextArea, useStyles2 } from '@grafana/ui';
import { t } from '../i18n';
import { headersText, readHeaders } from '../profiles';
import { WEEKDAYS } from '../settings';
import type { Language, MailType, RecipientMode } from '../types';
import { AddressList } from './AddressList';
import { ConfigField, idOf, TextAreaField, TextField, WIDTH } from './ConfigField';
import { EXAMPLE, LANGUAGES } from './examples';
import { mailTypeName, recipientModes, weekdayName } from './names';
import { PreviewSection } from './PreviewSection';
import type { Config } from './useConfig';
import type { TemplateMistake } from './usePreview';
import { placeOf, useProfile, type ProfileConfig } from './useProfile';
import { zones } from './zones';

/** inherited is what a field shows that is empty: what the data source has. */
const inherited = (value?: string) =>
  value ? t('profile.inherited', 'As the data source: {{value}}', { value }) : t('profile.same', 'As the data source');

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

interface ListProps {
  config: ProfileConfig;
  source: Config;
  name: 'to' | 'cc' | 'bcc' | 'allowedRecipients';
  label: string;
}

/** OwnList edits a list of addresses; empty, it is that of the data source, unless it is to be nobody. */
function OwnList({ config, source, name, label }: ListProps) {
  const value = config.profile[name];
  const isNobody = Array.isArray(value) && value.length === 0;
  const own = value === undefined || value === null ? [] : config.settings[name];
  return (
    <Stack direction="column" gap={0.5}>
      <ConfigField config={config} name={name} label={label}>
        <AddressList
          id={idOf(config, name)}
          value={own}
          wrong={config.wrong(name)}
          placeholder={
            isNobody || own.length > 0
              ? name === 'allowedRecipients'
                ? EXAMPLE.pattern
                : undefined
              : inherited(source.settings[name].join(', '))
          }
          onChange={(next) => config.change({ [name]: next.length > 0 ? next : undefined })}
        />
      </ConfigField>
      {name !== 'to' && own.length === 0 && (isNobody || source.settings[name].length > 0) && (
        <div>
          <Checkbox
            label={t('profile.nobody', 'Nobody, whatever the data source has')}
            aria-label={t('profile.nobody-of', '{{label}}: nobody, whatever the data source has', { label })}
            value={isNobody}
            disabled={config.readOnly}
            onChange={(event) => config.change({ [name]: event.currentTarget.checked ? [] : undefined })}
          />
        </div>
      )}
    </Stack>
  );
}

interface ChoiceProps<T extends string> {
  config: ProfileConfig;
  name: 'recipientMode' | 'mailType' | 'language' | 'timezone';
  label: string;
  options: Array<{ value: T; label?: string; description?: string }>;
  /** What the data source has. */
  unset?: string;
}

/** Choice chooses one of a few, or what the data source has. */
function Choice<T extends string>({ config, name, label, options, unset }: ChoiceProps<T>) {
  return (
    <ConfigField config={config} name={name} label={label}>
      <Combobox<T>
        id={idOf(config, name)}
        width={WIDTH.long}
        isClearable
        placeholder={inherited(unset)}
        value={(config.profile[name] as T | undefined) || null}
        onChange={(option) => config.change({ [name]: option?.value })}
        options={options}
      />
    </ConfigField>
  );
}

function Charts({ config, source }: { config: ProfileConfig; source: Config }) {
  const options = [
    { value: 'true', label: t('profile.charts-on', 'With charts') },
    { value: 'false', label: t('profile.charts-off', 'Without charts') },
  ];
  const labelOf = (value: boolean) => options[value ? 0 : 1].label;
  const own = config.profile.charts;
  return (
    <ConfigField config={config} name="charts" label={t('config.charts.label', 'Charts in mail')}>
      <Combobox<string>
        id={idOf(config, 'charts')}
        width={WIDTH.long}
        isClearable
        placeholder={inherited(labelOf(source.settings.charts))}
        value={own === undefined || own === null ? null : String(own)}
        onChange={(option) => config.change({ charts: option ? option.value === 'true' : undefined })}
        options={options}
      />
    </ConfigField>
  );
}

function Digest({ config }: { config: ProfileConfig }) {
  const { digest, digestDays } = config.profile;
  const days: string[] = Array.isArray(digestDays) ? digestDays : [];
  return (
    <Stack direction="column" gap={0.5}>
      <ConfigField
        config={config}
        name="digest"
        label={t('profile.digest', 'One mail a day, at')}
        description={t('profile.digest-help', 'Empty: mail is sent at once.')}
      >
        <Input
          id={idOf(config, 'digest')}
          type="time"
          width={WIDTH.short}
          value={digest ?? ''}
          onChange={(event) => config.type('digest' as 'host', event.currentTarget.value || undefined)}
        />
      </ConfigField>
      {digest && (
        <ConfigField
          config={config}
          name="digestDays"
          label={t('profile.digest-days', 'On these days')}
          description={t('profile.digest-days-help', 'None: every day.')}
        >
          <div id={idOf(config, 'digestDays')} role="group" aria-label={t('profile.digest-days', 'On these days')}>
            <Stack gap={2} wrap="wrap">
              {WEEKDAYS.map((day, index) => (
                <Checkbox
                  key={day}
                  label={weekdayName(index)}
                  value={days.includes(day)}
                  disabled={config.readOnly}
                  onChange={({ currentTarget: { checked } }) => {
                    const next = WEEKDAYS.filter((one) => (one === day ? checked : days.includes(one)));
                    config.change({ digestDays: next.length > 0 ? next : undefined });
                  }}
                />
              ))}
            </Stack>
          </div>
        </ConfigField>
      )}
    </Stack>
  );
}

function Headers({ config }: { config: ProfileConfig }) {
  // What is typed stays as it is, also while it is no field yet.
  const [text, setText] = useState(() => headersText(config.profile.headers));
  return (
    <ConfigField
      config={config}
      name="headers"
      label={t('profile.headers', 'Header fields')}
      description={t('profile.headers-help', 'One a line: X-…, or List-Id.')}
    >
      <TextArea
        id={idOf(config, 'headers')}
        rows={Math.min(Math.max(text.split('\n').length, 2), 8)}
        spellCheck={false}
        placeholder={EXAMPLE.header}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          config.change({ headers: readHeaders(event.currentTarget.value) });
        }}
      />
    </ConfigField>
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
