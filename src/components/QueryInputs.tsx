import { useId, useState } from 'react';
import { getTemplateSrv } from '@grafana/runtime';
import { Input, MultiCombobox } from '@grafana/ui';
import { t } from '../i18n';

/** NO_VALUES are the variables that stand for no value of a filter. */
const NO_VALUES = ['datasource', 'adhoc', 'interval', 'groupby'];

/** variables are the dashboard's that may stand in a filter. */
const variables = (): string[] =>
  getTemplateSrv()
    .getVariables()
    .filter(({ type }) => !NO_VALUES.includes(type))
    .map(({ name }) => `$${name}`);

interface SeveralProps {
  label: string;
  value?: string[];
  onChange: (value: string[]) => void;
  options: Array<{ value: string; label: string }>;
}

/** Several chooses any number of values, or variables that stand for them. */
export function Several({ label, value = [], onChange, options }: SeveralProps) {
  const id = useId();
  return (
    <>
      {/* The control takes its name from an element only. */}
      <span id={id} hidden>
        {label}
      </span>
      <MultiCombobox<string>
        aria-labelledby={id}
        createCustomValue
        isClearable
        placeholder={t('query.any', 'Any')}
        value={value}
        onChange={(chosen) => onChange(chosen.map((option) => option.value))}
        options={[...variables().map((value) => ({ value, label: value })), ...options]}
      />
    </>
  );
}

interface TextProps {
  label: string;
  value?: string;
  placeholder?: string;
  type?: string;
  onCommit: (value: string | undefined) => void;
}

/** Text asks the server once something is entered whole, not at every key. */
export function Text({ label, value = '', onCommit, ...rest }: TextProps) {
  const [draft, setDraft] = useState<string>();
  const id = useId();
  const suggested = rest.type === 'number' ? [] : variables();
  const commit = () => {
    if (draft !== undefined && draft !== value) {
      onCommit(draft.trim() || undefined);
    }
    setDraft(undefined);
  };
  return (
    <>
      <Input
        aria-label={label}
        value={draft ?? value}
        list={suggested.length > 0 ? id : undefined}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === 'Enter' && commit()}
        {...rest}
      />
      {suggested.length > 0 && (
        <datalist id={id}>
          {suggested.map((variable) => (
            <option key={variable} value={variable} />
          ))}
        </datalist>
      )}
    </>
  );
}
