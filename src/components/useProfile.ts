import { useState } from 'react';
import { profilesOf, settingsOf } from '../profiles';
import type { Profile } from '../settings';
import type { EmailJsonData, SettingKey } from '../types';
import type { Config } from './useConfig';

/** placeOf is where a problem says a setting of a profile is (pkg/settings). */
export const placeOf = (index: number, key?: string) => `profiles[${index}]${key ? `.${key}` : ''}` as SettingKey;

/** isWrong says whether a profile has a mistake. */
export const isWrong = ({ errors }: Config, index: number) =>
  Object.keys(errors).some((key) => key === placeOf(index) || key.startsWith(`${placeOf(index)}.`));

/** ProfileConfig is a profile as the fields of the editor read and change it. */
export interface ProfileConfig extends Config {
  profile: Profile;
  change: (changed: Partial<Profile>) => void;
}

/** useProfile is a profile as if it were a data source: what it has not is unset, and settings are what it means. */
export function useProfile(config: Config, index: number): ProfileConfig {
  const [typing, setTyping] = useState<SettingKey>();
  const all = profilesOf(config.jsonData);
  const profile = all[index];
  const change = (changed: Partial<Profile>) => {
    const next = Object.entries({ ...profile, ...changed }).filter(([, value]) => value !== undefined);
    config.set({ profiles: all.with(index, Object.fromEntries(next) as unknown as Profile) });
  };
  const held = (key: SettingKey) => (jsonData: EmailJsonData) => profilesOf(jsonData)[index]?.[key as keyof Profile];
  return {
    ...config,
    prefix: `profile-${index}-`,
    profile,
    change,
    jsonData: profile as EmailJsonData,
    settings: settingsOf(config.jsonData, profile),
    set: (changed) => change(changed as Partial<Profile>),
    type: (key, value) => {
      setTyping(key);
      change({ [key]: value });
    },
    error: (key) => (typing === key ? undefined : config.error(placeOf(index, key), held(key))),
    wrong: (key) => config.wrong(placeOf(index, key)),
    touch: (key) => {
      setTyping(undefined);
      config.touch(placeOf(index, key));
    },
  };
}
