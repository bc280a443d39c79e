import { useRef, useState, type ClipboardEvent, type KeyboardEvent } from 'react';
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { FieldValidationMessage, IconButton, Input, Stack, useStyles2 } from '@grafana/ui';
import { splitList } from '../address';
import { t } from '../i18n';
import { WIDTH } from './ConfigField';

interface Props {
  id: string;
  value: string[];
  onChange: (value: string[]) => void;
  /** The message for an entry that is wrong; empty when it is right. */
  validate: (entry: string) => string;
  placeholder?: string;
  disabled?: boolean;
}

/**
 * AddressList edits a list of addresses. What is typed is judged while it is
 * typed; Enter, a comma or leaving the field adds it; a pasted list is cut up.
 */
export function AddressList({ id, value, onChange, validate, placeholder, disabled }: Props) {
  const styles = useStyles2(getStyles);
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  // A half-typed address is no mistake yet, so it is not marked before the
  // field is left or Enter is pressed.
  const [finished, setFinished] = useState(false);
  const error = typed && finished ? validate(typed) : '';

  const add = (text: string) => {
    const entries = splitList(text);
    const added = entries.filter((entry) => !validate(entry));
    const left = entries.filter((entry) => validate(entry));
    if (added.length > 0) {
      onChange([...new Set([...value, ...added])]);
    }
    setTyped(left.join(', '));
    setFinished(left.length > 0);
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
        invalid={error !== ''}
        aria-invalid={error !== ''}
        aria-describedby={error ? `${id}-error` : undefined}
        autoComplete="off"
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setFinished(false);
        }}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        onBlur={() => typed.trim() !== '' && add(typed)}
      />
      {error && (
        <div id={`${id}-error`}>
          <FieldValidationMessage>{error}</FieldValidationMessage>
        </div>
      )}
      {value.length > 0 && (
        <ul className={styles.list} aria-label={t('address-list.entries', 'Entries')}>
          {value.map((entry) => (
            <li key={entry} className={cx(styles.entry, validate(entry) && styles.wrong)}>
              <span>{entry}</span>
              {!disabled && (
                <IconButton
                  name="times"
                  size="sm"
                  aria-label={t('address-list.remove', 'Remove {{entry}}', { entry })}
                  onClick={() => {
                    onChange(value.filter((other) => other !== entry));
                    input.current?.focus(); // the button that had it goes with its entry
                  }}
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
  wrong: css({ borderColor: theme.colors.error.border, color: theme.colors.error.text }),
});
