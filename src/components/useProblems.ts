import { useEffect, useRef, useState } from 'react';
import { skip } from 'rxjs';
import type { DataSourceSettings } from '@grafana/data';
import { validate, type HealthDetails } from '../api';
import { healthResults } from '../health';
import type { SettingProblem } from '../remedies';
import { SECRETS } from '../settings';
import type { EmailJsonData, EmailSecureJsonData } from '../types';

// The backend is asked when changes have paused for this long.
const PAUSE_MS = 300;

/** Found is what is wrong with the settings, and in which settings. */
interface Found {
  problems: SettingProblem[];
  jsonData: EmailJsonData;
  /** How often Save & test has failed over them. */
  refusals: number;
}

/** focusProblem takes the keyboard to the first field within a part of the page that has a problem. */
export function focusProblem(part: ParentNode = document) {
  const control = part.querySelector<HTMLElement>('[aria-invalid=true]');
  // A group of radio buttons has no focus; one of them has.
  const button = control?.querySelector<HTMLElement>('input:checked') ?? control?.querySelector('input');
  (button ?? control)?.focus();
}

/** useProblems says what is wrong with the settings on the page: by the last Save & test, or what the backend says of them since, if wanted. */
export function useProblems(
  { uid, jsonData, secureJsonData, secureJsonFields }: DataSourceSettings<EmailJsonData, EmailSecureJsonData>,
  wanted: boolean,
): Found {
  const [found, setFound] = useState<Found>({ problems: [], jsonData, refusals: 0 });
  const latest = useRef(jsonData);
  useEffect(() => void (latest.current = jsonData));
  const secrets = SECRETS.filter((key) => secureJsonFields?.[key] || secureJsonData?.[key]).join();

  useEffect(() => {
    if (!wanted) {
      return;
    }
    let current = true;
    const timer = setTimeout(() => {
      const fields = Object.fromEntries(secrets.split(',').map((key) => [key, true]));
      validate(uid, jsonData, fields).then(
        (problems) => current && setFound(({ refusals }) => ({ problems, jsonData, refusals })),
        () => {}, // Save & test says why the backend cannot be asked
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [uid, jsonData, secrets, wanted]);

  useEffect(() => {
    // The first value is of an earlier visit.
    const subscription = healthResults.pipe(skip(1)).subscribe((results) => {
      const { problems } = (results[uid]?.details ?? {}) as HealthDetails;
      if (problems) {
        setFound(({ refusals }) => ({ problems, jsonData: latest.current, refusals: refusals + 1 }));
      }
    });
    return () => subscription.unsubscribe();
  }, [uid]);

  useEffect(() => {
    const timer = found.refusals > 0 ? setTimeout(() => focusProblem()) : undefined; // once a fold is open
    return () => clearTimeout(timer);
  }, [found.refusals]);
  return found;
}
