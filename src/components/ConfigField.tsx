import type { ReactElement } from 'react';
import { Field, Icon, Input, Label, Stack, Switch, TextArea, Tooltip } from '@grafana/ui';
import { readSettings } from '../service';
import type { EmailJsonData } from '../types';
import { LIMITS, type Errors } from '../validate';
import type { Config } from './useConfig';

interface FieldProps<Name> {
  config: Config;
  /** The key of the setting, and the id of its control. */
  name: Name;
  label: string;
  description?: string;
  tooltip?: string;
  required?: boolean;
}

type KeysOf<T> = {
  [K in keyof EmailJsonData]-?: NonNullable<EmailJsonData[K]> extends T ? K : never;
}[keyof EmailJsonData];

/** The widths of controls, in the theme's spacing units. */
export const WIDTH = { long: 56, short: 25 };

/** ConfigField is a labeled control with its error, as in Grafana's own editors. */
export function ConfigField({
  config,
  name,
  label,
  description,
  tooltip,
  required,
  children,
}: FieldProps<keyof Errors> & { children: ReactElement }) {
  const error = config.error(name);
  const text = required ? `${label} *` : label;
  return (
    <Field
      noMargin
      label={
        <Stack alignItems="flex-start" gap={0.5}>
          <Label htmlFor={name} description={description}>
            {text}
          </Label>
          {tooltip && (
            <Tooltip content={tooltip} interactive>
              <Icon name="info-circle" size="sm" tabIndex={0} aria-label={tooltip} />
            </Tooltip>
          )}
        </Stack>
      }
      disabled={config.readOnly}
      invalid={error !== undefined}
      error={error}
    >
      {children}
    </Field>
  );
}

/** TextField edits a setting of one line; empty, it has the default. */
export function TextField({ placeholder, ...props }: FieldProps<KeysOf<string>> & { placeholder?: string }) {
  const { config, name, required } = props;
  return (
    <ConfigField {...props}>
      <Input
        id={name}
        width={WIDTH.long}
        value={config.jsonData[name] ?? ''}
        placeholder={placeholder}
        required={required}
        autoComplete="off"
        onChange={(event) => config.set({ [name]: event.currentTarget.value || undefined })}
        onBlur={() => config.touch(name)}
      />
    </ConfigField>
  );
}

/** TextAreaField edits a setting of several lines; empty, it has the default. */
export function TextAreaField({
  rows,
  placeholder,
  spellCheck,
  ...props
}: FieldProps<KeysOf<string>> & { rows: number; placeholder?: string; spellCheck?: boolean }) {
  const { config, name, required } = props;
  return (
    <ConfigField {...props}>
      <TextArea
        id={name}
        rows={rows}
        value={config.jsonData[name] ?? ''}
        placeholder={placeholder}
        required={required}
        spellCheck={spellCheck}
        onChange={(event) => config.set({ [name]: event.currentTarget.value || undefined })}
        onBlur={() => config.touch(name)}
      />
    </ConfigField>
  );
}

/** NumberField edits a whole number; empty, it has the default. */
export function NumberField({ suffix, ...props }: FieldProps<keyof typeof LIMITS> & { suffix?: string }) {
  const { config, name } = props;
  const [min, max] = LIMITS[name];
  return (
    <ConfigField {...props}>
      <Input
        id={name}
        type="number"
        width={WIDTH.short}
        min={min}
        max={max}
        step={1}
        suffix={suffix}
        placeholder={String(readSettings({ portMode: config.settings.portMode })[name])}
        value={config.jsonData[name] ?? ''}
        onChange={({ currentTarget }) =>
          config.set({ [name]: currentTarget.value === '' ? undefined : currentTarget.valueAsNumber })
        }
      />
    </ConfigField>
  );
}

/** SwitchField edits a flag. */
export function SwitchField(props: FieldProps<KeysOf<boolean>>) {
  const { config, name } = props;
  return (
    <ConfigField {...props}>
      <Switch
        id={name}
        value={config.settings[name]}
        onChange={(event) => config.set({ [name]: event.currentTarget.checked })}
      />
    </ConfigField>
  );
}
