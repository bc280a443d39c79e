// The profiles of a data source, as the page reads and changes them.
import { freeName } from './freeName';
import { readSettings, type Settings } from './service';
import { PROFILE_KEYS, type Profile } from './settings';
import type { EmailJsonData, Language } from './types';

/** profilesOf lists the profiles; what provisioning has written as something else has no settings. */
export const profilesOf = ({ profiles }: EmailJsonData): Profile[] =>
  Array.isArray(profiles)
    ? profiles.map((one: unknown) => (typeof one === 'object' && one !== null ? (one as Profile) : { name: '' }))
    : [];

/** profileNames lists the names that a contact point may choose from. */
export const profileNames = (jsonData: EmailJsonData): string[] =>
  profilesOf(jsonData)
    .map(({ name }) => String(name ?? '').trim())
    .filter((name) => name !== '');

/** isOwn says whether a profile has a value of its own in place of the data source's: also a list that is empty. */
export const isOwn = (value: unknown) => Array.isArray(value) || String(value ?? '').trim() !== '';

/** settingsOf is what the mail of a profile is like: as the data source's, but for what the profile has. */
export const settingsOf = (jsonData: EmailJsonData, profile: Profile): Settings =>
  readSettings({
    ...jsonData,
    ...Object.fromEntries(PROFILE_KEYS.filter((key) => isOwn(profile[key])).map((key) => [key, profile[key]])),
  });

/** freeProfileName is a name that no profile has, in any case. */
export function freeProfileName(name: string, names: string[]): string {
  const taken = new Set(names.map((one) => one.toLowerCase()));
  return freeName(name, '-', (one) => taken.has(one.toLowerCase()));
}

/** inLanguage is the settings with the mail of a profile in a language. */
export const inLanguage = (jsonData: EmailJsonData, name: string, language: Language): EmailJsonData => ({
  ...jsonData,
  profiles: profilesOf(jsonData).map((one) => (one.name === name ? { ...one, language } : one)),
});

/** headersText writes header fields as people do, one a line. */
export const headersText = (headers: Profile['headers'] = {}): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

/** readHeaders reads them; a line that is none stays, for the backend to say so. */
export function readHeaders(text: string): Profile['headers'] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const fields = lines.map((line) => {
    const [name, ...value] = line.split(':');
    return [name.trim(), value.join(':').trim()];
  });
  return lines.length > 0 ? Object.fromEntries(fields) : undefined;
}
