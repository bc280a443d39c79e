import { config as grafana } from '@grafana/runtime';
import { LANGUAGES } from './components/examples';
import type { EmailJsonData } from './types';

/** ofPerson is the language and the time zone of who sets up a data source: Grafana's preferences, or else the browser's. */
export function ofPerson(): Pick<EmailJsonData, 'language' | 'timezone'> {
  const { language, timezone } = grafana.bootData?.user ?? {};
  const [spoken] = (language || navigator.language).toLowerCase().split('-');
  const zone = timezone?.toLowerCase() === 'utc' ? 'UTC' : timezone;
  return {
    language: LANGUAGES.find(({ value }) => value === spoken)?.value ?? 'en',
    timezone: zone && zone !== 'browser' ? zone : Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}
