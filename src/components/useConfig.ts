import { useEffect, useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import type { SavedElsewhere } from '../contactPointSteps';
import { t } from '../i18n';
import { ofPerson } from '../person';
import { readSettings, type Settings } from '../service';
import { problemText } from '../remedies';
import { accountOf, reportSetup } from '../setup';
import type { EmailJsonData, EmailSecureJsonData, JsonData, SettingKey } from '../types';
import { useProblems } from './useProblems';

export type EditorProps = DataSourcePluginOptionsEditorProps<EmailJsonData, EmailSecureJsonData>;

/** Config is the data source as the sections of the editor read and change it. */
export interface Config {
  /** What is saved, and what it means. */
  jsonData: EmailJsonData;
  settings: Settings;
  /** What the settings that are saved mean. */
  saved: Settings;
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
  /** What the ids of fields begin with; that of a profile keeps them from those of the data source. */
  prefix?: string;
  /** The message to show at a field; nothing while it is typed in, or empty and not left yet. Of a profile, value says where its setting is. */
  error: (key: SettingKey, value?: (jsonData: EmailJsonData) => unknown) => string | undefined;
  /** The field was left. */
  touch: (key: SettingKey) => void;
  /** The message for every setting that is wrong. */
  errors: Partial<Record<SettingKey, string>>;
  /** What the list of a setting holds and should not, shortened where it is long. */
  wrong: (key: SettingKey) => string[];
  /** There is something on the page that is not saved yet. */
  changed: boolean;
  /** What is saved has all that a mail needs. */
  ready: boolean;
  /** Secrets of contact points, and these settings, were saved behind the form's back: its next save builds on that. */
  savedElsewhere: (version: number, changed?: SavedElsewhere) => void;
  /** Changes whenever the data source is saved. */
  version?: number;
  /** The relay took a test mail with what is saved here. */
  tested: () => void;
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
  const { saved, keep } = useSaved(options);
  // Who sets it up sees the two, and saves them; of one that was saved before, nothing changes by itself.
  useEffect(() => {
    if (isNew && !options.readOnly && (options.version ?? 1) <= 1) {
      onOptionsChange({ ...options, jsonData: { ...ofPerson(), ...jsonData } });
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once
  }, []);
  const found = useProblems(options, !isNew || touched.size > 0);
  const errors: Config['errors'] = {};
  for (const problem of found.problems) {
    errors[problem.key] ??= problemText(problem);
  }
  const value = (key: SettingKey) => (({ ...jsonData, ...secureJsonData }) as Record<string, unknown>)[key];
  // A new data source leaves much empty, which is no mistake before its field was left.
  const early = (key: SettingKey) => isNew && found.refusals === 0 && !touched.has(key) && !value(key);
  // What was found in another value says nothing of this one, or of the secret that takes a saved one's place.
  const outdated = (key: SettingKey, of: (jsonData: EmailJsonData) => unknown) =>
    of(found.jsonData) !== of(jsonData) || Boolean(secureJsonData?.[key as keyof EmailSecureJsonData]);

  // The relay does not say which of the two it is.
  const suspect = (key: SettingKey) =>
    found.isRefused && ['appKey', 'secretKey'].includes(key)
      ? t('config.suspect', 'The relay refused this: see Result of the test below.')
      : undefined;

  const set = (changed: Partial<EmailJsonData>) =>
    onOptionsChange({ ...options, jsonData: { ...jsonData, ...changed } });
  const changeSecret = (key: keyof EmailSecureJsonData, configured: boolean, value: string) => {
    if (key === 'secretKey') {
      reportSetup(options.uid, { tested: '' });
    }
    onOptionsChange({
      ...options,
      secureJsonFields: { ...secureJsonFields, [key]: configured },
      secureJsonData: { ...secureJsonData, [key]: value },
    });
  };

  return {
    jsonData,
    settings,
    saved: readSettings(saved.jsonData),
    errors,
    changed:
      different(jsonData, saved.jsonData) || Object.values(secureJsonData ?? {}).some((value) => value !== undefined),
    ready: Boolean(saved.jsonData.appKey && saved.jsonData.fromAddress && saved.secretKey),
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
      reset: () => {
        changeSecret(key, false, '');
        setTimeout(() => document.getElementById(key)?.focus()); // the button that was pressed is gone
      },
    }),
    error: (key, of = (data) => data[key as keyof JsonData]) =>
      typing === key || early(key) || outdated(key, of) ? undefined : (errors[key] ?? suspect(key)),
    wrong: (key) => found.problems.filter((problem) => problem.key === key).map(({ params }) => params?.value ?? ''),
    // Grafana has one form for all data sources: an answer must not fill that of the next.
    savedElsewhere: (version, changed) => {
      if (mounted.current) {
        flushSync(() => keep(version, changed?.jsonData)); // before Grafana's store, which is faster, shows that version
        const { options, onOptionsChange } = latest.current;
        onOptionsChange({
          ...options,
          version,
          jsonData: { ...options.jsonData, ...changed?.jsonData },
          secureJsonFields: { ...options.secureJsonFields, ...changed?.secureJsonFields },
        });
      }
    },
    version: options.version,
    // The mail says nothing of a SecretKey that was typed, or saved, since it was asked for.
    tested: () => {
      const { version, secureJsonData } = latest.current.options;
      if (version === options.version && secureJsonData?.secretKey === undefined) {
        reportSetup(options.uid, { tested: accountOf(readSettings(saved.jsonData)) });
      }
    },
    touch: (key) => {
      setTyping(undefined);
      setTouched((before) => (before.has(key) ? before : new Set(before).add(key)));
    },
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
  /** keep takes a version that has the settings of the one before, but for some. */
  const keep = (next: number, changed?: Partial<EmailJsonData>) =>
    setSaved((before) => ({ ...before, version: next, jsonData: { ...before.jsonData, ...changed } }));
  return { saved, keep };
}
