import { useEffect, useRef, useState } from 'react';
import { preview, type ApiError, type Preview, type Problem, type Sample } from '../api';
import { t } from '../i18n';
import { inLanguage } from '../profiles';
import type { EmailJsonData, Language } from '../types';
import { useTask } from './useTask';

// A mail is rendered anew when typing has paused for this long.
const PAUSE_MS = 400;

/** TemplateMistake is what is wrong with the template of a setting. */
export interface TemplateMistake {
  setting: string;
  message: string;
}

/** mistakeOf is the mistake in a template that the backend names. */
function mistakeOf(error?: ApiError): TemplateMistake | undefined {
  const { code, hintArgs } = (error?.body ?? {}) as Problem;
  return error && code === 'template' && hintArgs?.setting
    ? { setting: hintArgs.setting, message: error.message }
    : undefined;
}

/** parsed is a payload that was pasted, or nothing where it is no JSON object. */
function parsed(payload: string): object | undefined {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** usePreview renders a mail whenever what it is made of changes, and keeps the last one that could be rendered. */
export function usePreview(
  uid: string,
  jsonData: EmailJsonData,
  language: Language,
  shown: { sample: Sample } | { payload: string },
  onMistake: (mistake?: TemplateMistake) => void,
  profile?: string,
) {
  const [mail, setMail] = useState<Preview>();
  const first = useRef(true);
  const { run, error, running } = useTask<Preview>();
  const sample = 'sample' in shown ? shown.sample : undefined;
  const text = 'payload' in shown ? shown.payload : '';
  const invalid = text.trim() !== '' && !parsed(text) ? t('preview.payload-invalid', 'This is not a JSON object.') : '';

  useEffect(() => {
    const payload = parsed(text);
    if (!sample && !payload) {
      return;
    }
    const render = async () => {
      first.current = false;
      const settings = profile === undefined ? { ...jsonData, language } : inLanguage(jsonData, profile, language);
      const rendered = await preview(uid, settings, sample ? { sample } : { payload }, profile);
      setMail(rendered);
      return rendered;
    };
    const timer = setTimeout(() => void run(render), first.current ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [uid, jsonData, language, sample, text, run, profile]);

  const mistake = mistakeOf(error);
  const { setting, message } = mistake ?? {};
  useEffect(() => {
    onMistake(setting && message ? { setting, message } : undefined);
    return () => onMistake(undefined);
  }, [setting, message, onMistake]);
  return { mail, error, mistake, invalid, running };
}
