import { t as translate } from '@grafana/i18n';

/** Hint is what to do about a failure: in English, and the id and arguments of its message (pkg/failure/hint.go). */
export interface Hint {
  hint?: string;
  hintId?: string;
  hintArgs?: Record<string, string>;
}

/** translated is a hint in the language of the user; one without an id stays as it came. */
export const translated = ({ hint = '', hintId, hintArgs }: Hint): string =>
  hintId ? translate(`remedy.${hintId}`, hint, { ...hintArgs, interpolation: { escapeValue: false } }) : hint;
