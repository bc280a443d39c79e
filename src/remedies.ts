import { t as translate } from '@grafana/i18n';
import type { SettingKey } from './types';

/** Hint is what to do about a failure: in English, and the id and arguments of its message (pkg/failure/hint.go). */
export interface Hint {
  hint?: string;
  hintId?: string;
  hintArgs?: Record<string, string>;
}

/** translated is a hint in the language of the user; one without an id stays as it came. */
export const translated = ({ hint = '', hintId, hintArgs }: Hint): string =>
  hintId ? translate(`remedy.${hintId}`, hint, { ...hintArgs, interpolation: { escapeValue: false } }) : hint;

/** SettingProblem is what is wrong with a setting (pkg/settings/problem.go). */
export interface SettingProblem {
  key: SettingKey;
  code: string;
  params?: Record<string, string>;
  message: string;
}

/** problemText is a problem in the language of the user; the backend's message is for logs. */
export const problemText = ({ code, params, message }: SettingProblem): string =>
  translate(`problem.${code}`, message, { ...params, interpolation: { escapeValue: false } });
