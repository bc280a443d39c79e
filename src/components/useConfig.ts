import { useEffect, useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { ofPerson } from '../person';
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
  /** There is something on the page that is not saved yet. */
  changed: boolean;
  /** What is saved has all that a mail needs. */
  ready: boolean;
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
  const { saved, keep } = useSaved(options);
  // Who sets it up sees the two, and saves them; of one that was saved before, nothing changes by itself.
  useEffect(() => {
    if (isNew && !options.readOnly && (options.version ?? 1) <= 1) {
      onOptionsChange({ ...options, jsonData: { ...ofPerson(), ...jsonData } });
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once
  }, []);
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
    changed:
      different(jsonData, saved.jsonData) || Object.values(secureJsonData ?? {}).some((value) => value !== undefined),
    ready: Boolean(saved.jsonData.appKey && saved.jsonData.fromAddress && saved.secretKey),
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
    savedElsewhere: (version, key) => {
      if (!mounted.current) {
        return;
      }
      flushSync(() => keep(version)); // before Grafana's store, which is faster, shows that version
      latest.current.onOptionsChange({
        ...latest.current.options,
        version,
        secureJsonFields: { ...latest.current.options.secureJsonFields, [key]: true },
        secureJsonData: { ...latest.current.options.secureJsonData, [key]: undefined },
      });
    },
    touch: (key) => setTouched((before) => new Set(before).add(key)),
  };
}

/** different says whether two settings differ; what is unset and what is missing are the same. */
const different = (one: EmailJsonData, other: EmailJsonData) =>
  (Object.keys({ ...one, ...other }) as Array<keyof EmailJsonData>).some(
    (key) => JSON.stringify(one[key] ?? null) !== JSON.stringify(other[key] ?? null),
  );

/** useSaved is what Grafana has of the data source: each save gives that a new version. */
function useSaved({ version, jsonData, secureJsonFields }: EditorProps['options']) {
  const now = { version, jsonData, secretKey: Boolean(secureJsonFields?.secretKey) };
  const [saved, setSaved] = useState(now);
  if ((version ?? 0) > (saved.version ?? 0)) {
    setSaved(now);
  }
  /** keep takes a version that has the settings of the one before. */
  const keep = (next: number) => setSaved((before) => ({ ...before, version: next }));
  return { saved, keep };
}
