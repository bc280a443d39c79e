// The fields of a profile: where one is empty, the data source's value holds.
import { useState } from 'react';
import { Checkbox, Combobox, Input, Stack, TextArea } from '@grafana/ui';
import { t } from '../i18n';
import { headersText, readHeaders } from '../profiles';
import { WEEKDAYS } from '../settings';
import { AddressList } from './AddressList';
import { ConfigField, idOf, WIDTH } from './ConfigField';
import { EXAMPLE } from './examples';
import { weekdayName } from './names';
import type { Config } from './useConfig';
import type { ProfileConfig } from './useProfile';

/** inherited is what a field shows that is empty: what the data source has. */
export const inherited = (value?: string) =>
  value ? t('profile.inherited', 'As the data source: {{value}}', { value }) : t('profile.same', 'As the data source');

interface ListProps {
  config: ProfileConfig;
  source: Config;
  name: 'to' | 'cc' | 'bcc' | 'allowedRecipients';
  label: string;
}

/** OwnList edits a list of addresses; empty, it is that of the data source, unless it is to be nobody. */
export function OwnList({ config, source, name, label }: ListProps) {
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
export function Choice<T extends string>({ config, name, label, options, unset }: ChoiceProps<T>) {
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

/** Charts chooses whether mail has charts, or what the data source has. */
export function Charts({ config, source }: { config: ProfileConfig; source: Config }) {
  const options = [
    { value: 'true', label: t('profile.charts-on', 'With charts') },
    { value: 'false', label: t('profile.charts-off', 'Without charts') },
  ];
  const labelOf = (value: boolean) => options[value ? 0 : 1].label;
  const own = config.profile.charts;
  return (
    <ConfigField config={config} name="charts" label={t('config.charts.label', 'Charts in the mail')}>
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

/** Digest sets the time until which mail is gathered. */
export function Digest({ config }: { config: ProfileConfig }) {
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

/** Headers edits the header fields that the profile adds, one a line. */
export function Headers({ config }: { config: ProfileConfig }) {
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
