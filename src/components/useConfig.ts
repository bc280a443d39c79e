import { useEffect, useMemo, useRef, useState } from 'react';
import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { readSettings, type Settings } from '../service';
import { problemText } from '../remedies';
import type { EmailJsonData, EmailSecureJsonData, JsonData, SettingKey } from '../types';
import { useProblems } from './useProblems';

export type EditorProps = DataSourcePluginOptionsEditorProps<EmailJsonData, EmailSecureJsonData>;

/** Config is the data source as the sections of the editor read and change it. */
export interface Config {
  /** What is saved, and what it means. */
  jsonData: EmailJsonData;
  settings: Settings;
  readOnly: boolean;
  set: (changed: Partial<EmailJsonData>) => void;
  /** Sets what is being typed: its field does not complain before it is left. */
  type: (key: keyof JsonData, value: string | number | undefined) => void;
  secret: (key: keyof EmailSecureJsonData) => {
    isConfigured: boolean;
    value: string;
    set: (value: string) => void;
    reset: () => void;
  };
  /** The message to show at a field; nothing while it is typed in, or empty and not left yet. */
  error: (key: SettingKey) => string | undefined;
  /** The field was left. */
  touch: (key: SettingKey) => void;
  /** The message for every setting that is wrong. */
  errors: Partial<Record<SettingKey, string>>;
  /** What the list of a setting holds and should not, shortened where it is long. */
  wrong: (key: SettingKey) => string[];
  /** A secret was saved behind the form's back: its next save builds on that. */
  savedElsewhere: (version: number, secret: keyof EmailSecureJsonData) => void;
}

export function useConfig(props: EditorProps): Config {
  const { options, onOptionsChange } = props;
  // An answer that comes late must not undo what was typed meanwhile.
  const latest = useRef(props);
  const mounted = useRef(true);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    mounted.current = true;
    return () => void (mounted.current = false);
  }, []);
  const { jsonData, secureJsonData, secureJsonFields } = options;
  const [touched, setTouched] = useState<ReadonlySet<SettingKey>>(new Set());
  const [typing, setTyping] = useState<SettingKey>();
  const settings = useMemo(() => readSettings(jsonData), [jsonData]);
  const [isNew] = useState(() => !jsonData.appKey && !jsonData.fromAddress);
  const found = useProblems(options, !isNew || touched.size > 0);
  const errors: Config['errors'] = {};
  for (const problem of found.problems) {
    errors[problem.key] ??= problemText(problem);
  }
  const value = (key: SettingKey) => ({ ...jsonData, ...secureJsonData })[key];
  // A new data source leaves much empty, which is no mistake before its field was left.
  const early = (key: SettingKey) => isNew && found.refusals === 0 && !touched.has(key) && !value(key);
  // What was found in another value says nothing of this one, or of the secret that takes a saved one's place.
  const outdated = (key: SettingKey) =>
    found.jsonData[key as keyof JsonData] !== jsonData[key as keyof JsonData] ||
    Boolean(secureJsonData?.[key as keyof EmailSecureJsonData]);

  const set = (changed: Partial<EmailJsonData>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, ...changed } });
  const changeSecret = (key: keyof EmailSecureJsonData, configured: boolean, value: string) =>
    onOptionsChange({
      ...options,
      secureJsonFields: { ...secureJsonFields, [key]: configured },
      secureJsonData: { ...secureJsonData, [key]: value },
    });

  return {
    jsonData,
    settings,
    errors,
    readOnly: options.readOnly ?? false,
    set,
    type: (key, value) => {
      setTyping(key);
      set({ [key]: value });
    },
    secret: (key) => ({
      // A secret that is shown as configured could be reset; a read-only one cannot.
      isConfigured: Boolean(secureJsonFields?.[key]) && !options.readOnly,
      value: secureJsonFields?.[key] && options.readOnly ? 'configured' : (secureJsonData?.[key] ?? ''),
      set: (value) => changeSecret(key, false, value),
      reset: () => changeSecret(key, false, ''),
    }),
    error: (key) => (typing === key || early(key) || outdated(key) ? undefined : errors[key]),
    wrong: (key) => found.problems.filter((problem) => problem.key === key).map(({ params }) => params?.value ?? ''),
    // Grafana has one form for all data sources: an answer must not fill that of the next.
    savedElsewhere: (version, key) =>
      mounted.current &&
      latest.current.onOptionsChange({
        ...latest.current.options,
        version,
        secureJsonFields: { ...latest.current.options.secureJsonFields, [key]: true },
        secureJsonData: { ...latest.current.options.secureJsonData, [key]: undefined },
      }),
    touch: (key) => {
      setTyping(undefined);
      setTouched((before) => (before.has(key) ? before : new Set(before).add(key)));
    },
  };
}
