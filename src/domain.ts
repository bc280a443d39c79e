// What is known of the domain of From, for the config editor.
import { useEffect, useState } from 'react';
import { knownDomain, type DomainReport, type HealthDetails } from './api';
import { healthResults } from './health';

/** lacking lists the findings of records that are missing or wrong. */
export const lacking = (report?: DomainReport) =>
  report?.findings.filter(({ status }) => status === 'missing' || status === 'wrong') ?? [];

/**
 * useKnownDomain is what the last "Save & test" or else the daily look has found of the
 * domain of From. The backend is asked for it only where it is wanted.
 */
export function useKnownDomain(uid: string, wanted: boolean): DomainReport | undefined {
  const [known, setKnown] = useState<DomainReport>();
  useEffect(() => {
    const subscription = healthResults.subscribe((results) => {
      const { domain } = (results[uid]?.details ?? {}) as HealthDetails;
      if (domain) {
        setKnown(domain);
      }
    });
    return () => subscription.unsubscribe();
  }, [uid]);
  useEffect(() => {
    let gone = false;
    if (wanted && uid) {
      knownDomain(uid).then(
        (domain) => !gone && setKnown((found) => found ?? domain),
        () => undefined, // a new data source has no backend yet
      );
    }
    return () => void (gone = true);
  }, [uid, wanted]);
  return known;
}
