// The latest check of the sender's domain, for the config editor.
import { useEffect, useState } from 'react';
import { knownDomain, type DomainReport, type HealthDetails } from './api';
import { healthResults } from './health';

/** domainOf returns the domain of an address, in A-labels, or '' if there is none. */
export function domainOf(address: string): string {
  const url = `http://${address.slice(address.lastIndexOf('@') + 1).replace(/>?\s*$/, '')}`;
  return URL.canParse(url) ? new URL(url).hostname : ''; // the browser's own IDNA
}

/** lacking lists the findings of records that are missing or wrong. */
export const lacking = (report?: DomainReport) =>
  report?.findings.filter(({ status }) => status === 'missing' || status === 'wrong') ?? [];

/**
 * useKnownDomain returns the latest check of the sender's domain, by "Save & test" or else
 * by the backend's daily check. It asks the backend only if wanted.
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
