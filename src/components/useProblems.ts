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

/** RESULT is the id of what the last test said. */
export const RESULT = 'nhncloud-email-result';

/** focusProblem takes the keyboard to the first field within a part of the page that has a problem, if there is one. */
export function focusProblem(part: ParentNode = document): boolean {
  const control = part.querySelector<HTMLElement>('[aria-invalid=true]');
  // A group of radio buttons has no focus; one of them has.
  const button = control?.querySelector<HTMLElement>('input:checked') ?? control?.querySelector('input');
  (button ?? control)?.focus();
  return control !== null;
}

/** useProblems says what is wrong with the settings on the page: by the last Save & test, or what the backend says of them since, if wanted. */
export function useProblems(
  options: DataSourceSettings<EmailJsonData, EmailSecureJsonData>,
  wanted: boolean,
): Found & { isRefused: boolean } {
  const { uid, jsonData, secureJsonData, secureJsonFields } = options;
  const [found, setFound] = useState<Found>({ problems: [], jsonData, refusals: 0 });
  const [refused, setRefused] = useState<string>(); // the AppKey of the account that the relay refused
  const latest = useRef(options);
  useEffect(() => void (latest.current = options));
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
      const { problems, report } = (results[uid]?.details ?? {}) as HealthDetails;
      setRefused(report?.error?.hintId === 'credentials' ? latest.current.jsonData.appKey : undefined);
      if (problems || report?.error) {
        setFound((before) => ({
          problems: problems ?? before.problems,
          jsonData: latest.current.jsonData,
          refusals: before.refusals + 1,
        }));
      }
    });
    return () => subscription.unsubscribe();
  }, [uid]);

  useEffect(() => {
    if (found.refusals === 0) {
      return;
    }
    const timer = setTimeout(() => {
      // Once a fold is open. The button that was pressed is at the other end of the page.
      if (!focusProblem()) {
        document.getElementById(RESULT)?.scrollIntoView?.({ block: 'nearest' });
      }
    });
    return () => clearTimeout(timer);
  }, [found.refusals]);

  if (refused !== undefined && secureJsonData?.secretKey) {
    setRefused(undefined); // of the new SecretKey nothing is known
  }
  const isRefused = refused !== undefined && refused === jsonData.appKey;
  return { ...found, isRefused };
}
