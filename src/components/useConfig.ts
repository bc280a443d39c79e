import { useEffect, useMemo, useRef, useState } from 'react';
import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { readSettings, type Settings } from '../service';
import type { EmailJsonData, EmailSecureJsonData } from '../types';
import { validate, type Errors } from '../validate';

export type EditorProps = DataSourcePluginOptionsEditorProps<EmailJsonData, EmailSecureJsonData>;

/** Config is the data source as the sections of the editor read and change it. */
export interface Config {
  /** What is saved, and what it means. */
  jsonData: EmailJsonData;
  settings: Settings;
  readOnly: boolean;
  set: (changed: Partial<EmailJsonData>) => void;
  secret: (key: keyof EmailSecureJsonData) => {
    isConfigured: boolean;
    value: string;
    set: (value: string) => void;
    reset: () => void;
  };
  /** The message to show at a field; nothing while an untouched field is merely empty. */
  error: (key: keyof Errors) => string | undefined;
  touch: (key: keyof Errors) => void;
  errors: Errors;
  /** A secret was saved behind the form's back: its next save builds on that. */
  savedElsewhere: (version: number, secret: keyof EmailSecureJsonData) => void;
}

// Fields that a new data source leaves empty: an error only once they were left.
const REQUIRED: Array<keyof Errors> = [
  'appKey',
  'secretKey',
  'fromAddress',
  'adSenderName',
  'adSenderAddress',
  'unsubscribeUrl',
];

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
  const [touched, setTouched] = useState<ReadonlySet<keyof Errors>>(new Set());
  const settings = useMemo(() => readSettings(jsonData), [jsonData]);
  const [isNew] = useState(() => !jsonData.appKey && !jsonData.fromAddress);
  const hasSecretKey = Boolean(secureJsonFields?.secretKey || secureJsonData?.secretKey);
  const errors = validate(jsonData, hasSecretKey);

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
    set: (changed) => onOptionsChange({ ...options, jsonData: { ...jsonData, ...changed } }),
    secret: (key) => ({
      // A secret that is shown as configured could be reset; a read-only one cannot.
      isConfigured: Boolean(secureJsonFields?.[key]) && !options.readOnly,
      value: secureJsonFields?.[key] && options.readOnly ? 'configured' : (secureJsonData?.[key] ?? ''),
      set: (value) => changeSecret(key, false, value),
      reset: () => changeSecret(key, false, ''),
    }),
    error: (key) => (isNew && REQUIRED.includes(key) && !touched.has(key) ? undefined : errors[key]),
    // Grafana has one form for all data sources: an answer must not fill that of the next.
    savedElsewhere: (version, key) =>
      mounted.current &&
      latest.current.onOptionsChange({
        ...latest.current.options,
        version,
        secureJsonFields: { ...latest.current.options.secureJsonFields, [key]: true },
        secureJsonData: { ...latest.current.options.secureJsonData, [key]: undefined },
      }),
    touch: (key) => setTouched((before) => new Set(before).add(key)),
  };
}
