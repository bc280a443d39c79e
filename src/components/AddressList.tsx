import { useRef, useState, type ClipboardEvent, type KeyboardEvent } from 'react';
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { IconButton, Input, Stack, useStyles2 } from '@grafana/ui';
import { t } from '../i18n';
import { splitList } from '../service';
import { WIDTH } from './ConfigField';

interface Props {
  id: string;
  value: string[];
  onChange: (value: string[]) => void;
  /** The entries that are wrong, shortened where they are long. */
  wrong: string[];
  placeholder?: string;
  disabled?: boolean;
  invalid?: boolean;
}

/**
 * AddressList edits a list of addresses. Enter, a comma or leaving the field adds
 * what is typed; a pasted list is cut up. An entry that is wrong is marked, and goes
 * back into the field by a click.
 */
export function AddressList({ id, value, onChange, wrong, placeholder, disabled, invalid }: Props) {
  const styles = useStyles2(getStyles);
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const isWrong = (entry: string) =>
    wrong.some((one) => one === entry || (one.endsWith('...') && entry.startsWith(one.slice(0, -3))));

  const add = (text: string) => {
    onChange([...new Set([...value, ...splitList(text)])]);
    setTyped('');
  };
  const remove = (entry: string) => {
    onChange(value.filter((other) => other !== entry));
    input.current?.focus(); // the button that had it goes with its entry
  };

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const composing = event.nativeEvent.isComposing;
    // Inside quotes a comma is part of a name.
    const separates = (event.key === ',' || event.key === ';') && splitList(`${typed},x`).length > 1;
    const ends = event.key === 'Enter' || separates;
    if (!composing && ends && typed.trim() !== '') {
      event.preventDefault();
      add(typed);
    } else if (event.key === 'Backspace' && !event.repeat && typed === '' && value.length > 0) {
      onChange(value.slice(0, -1));
    }
  };

  const onPaste = (event: ClipboardEvent<HTMLInputElement>) => {
    const pasted = event.clipboardData.getData('text');
    if (splitList(pasted).length > 1) {
      event.preventDefault();
      const { selectionStart, selectionEnd } = event.currentTarget;
      add(typed.slice(0, selectionStart ?? typed.length) + pasted + typed.slice(selectionEnd ?? typed.length));
    }
  };

  return (
    <Stack direction="column" gap={1}>
      <Input
        ref={input}
        id={id}
        width={WIDTH.long}
        value={typed}
        placeholder={placeholder}
        disabled={disabled}
        invalid={invalid}
        autoComplete="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        onBlur={() => typed.trim() !== '' && add(typed)}
      />
      {value.length > 0 && (
        <ul className={styles.list} aria-label={t('address-list.entries', 'Entries')}>
          {value.map((entry) => (
            <li key={entry} className={cx(styles.entry, isWrong(entry) && styles.wrong)}>
              {isWrong(entry) && !disabled ? (
                <button
                  type="button"
                  className={styles.edit}
                  aria-label={t('address-list.edit', 'Edit {{entry}}', { entry })}
                  onClick={() => {
                    remove(entry);
                    setTyped(entry);
                  }}
                >
                  {entry}
                </button>
              ) : (
                <span>{entry}</span>
              )}
              {!disabled && (
                <IconButton
                  name="times"
                  size="sm"
                  aria-label={t('address-list.remove', 'Remove {{entry}}', { entry })}
                  onClick={() => remove(entry)}
                />
              )}
            </li>
          ))}
        </ul>
      )}
    </Stack>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(0.5), listStyle: 'none', margin: 0, padding: 0 }),
  entry: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    padding: theme.spacing(0.25, 1),
    borderRadius: theme.shape.radius.default,
    background: theme.colors.background.secondary,
    border: `1px solid ${theme.colors.border.weak}`,
    fontSize: theme.typography.bodySmall.fontSize,
    overflowWrap: 'anywhere',
  }),
  edit: css({ all: 'unset', cursor: 'text', '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}` } }),
  wrong: css({ borderColor: theme.colors.error.border, color: theme.colors.error.text }),
});
