import { useEffect, useRef, type ComponentProps } from 'react';
import { Field, Icon, Input, Label, Stack, Switch, TextArea, Tooltip } from '@grafana/ui';
import { readSettings } from '../service';
import { LIMITS } from '../settings';
import type { JsonData, SettingKey } from '../types';
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

type KeysOf<T> = { [K in keyof JsonData]-?: NonNullable<JsonData[K]> extends T ? K : never }[keyof JsonData];

/** idOf is the id of the control of a setting. */
export const idOf = ({ prefix = '' }: Config, name: SettingKey) => prefix + name;

/** The widths of controls, in the theme's spacing units. */
export const WIDTH = { long: 56, short: 25 };

/** useDescribed ties the control within an element to its error, which Grafana 12.3 shows beside it and nothing more. */
function useDescribed(id: string, invalid: boolean) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const control = element.current?.querySelector('[role=radiogroup], input, textarea');
    if (!control || !invalid) {
      return;
    }
    control.setAttribute('aria-invalid', 'true');
    control.setAttribute('aria-describedby', id);
    return () => {
      control.removeAttribute('aria-invalid');
      control.removeAttribute('aria-describedby');
    };
  });
  return element;
}

/** ConfigField is a labeled control with its error, as in Grafana's own editors. */
export function ConfigField({
  config,
  name,
  label,
  description,
  tooltip,
  required,
  children,
}: FieldProps<SettingKey> & Pick<ComponentProps<typeof Field>, 'children'>) {
  const error = config.error(name);
  const id = idOf(config, name);
  const errorId = `${id}-error`;
  const control = useDescribed(errorId, error !== undefined);
  const text = required ? `${label} *` : label;
  return (
    <Field
      noMargin
      ref={control}
      onBlur={() => config.touch(name)}
      label={
        <Stack alignItems="flex-start" gap={0.5}>
          <Label htmlFor={id} description={description}>
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
      error={<span id={errorId}>{error}</span>}
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
        id={idOf(config, name)}
        width={WIDTH.long}
        value={config.jsonData[name] ?? ''}
        placeholder={placeholder}
        required={required}
        autoComplete="off"
        onChange={(event) => config.type(name, event.currentTarget.value || undefined)}
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
        id={idOf(config, name)}
        rows={rows}
        value={config.jsonData[name] ?? ''}
        placeholder={placeholder}
        required={required}
        spellCheck={spellCheck}
        onChange={(event) => config.type(name, event.currentTarget.value || undefined)}
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
        id={idOf(config, name)}
        type="number"
        width={WIDTH.short}
        min={min}
        max={max}
        step={1}
        suffix={suffix}
        placeholder={String(readSettings({ portMode: config.settings.portMode })[name])}
        value={config.jsonData[name] ?? ''}
        onChange={({ currentTarget }) =>
          config.type(name, currentTarget.value === '' ? undefined : currentTarget.valueAsNumber)
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
        id={idOf(config, name)}
        value={config.settings[name]}
        onChange={(event) => config.set({ [name]: event.currentTarget.checked })}
      />
    </ConfigField>
  );
}
