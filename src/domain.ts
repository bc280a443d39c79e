// The latest check of the sender's domain, for the config editor.
import { useEffect, useState } from 'react';
import { readStatus, type DomainFinding, type DomainReport, type HealthDetails } from './api';
import { healthResults } from './health';

/** domainOf returns the domain of an address, in A-labels, or '' if there is none. */
export function domainOf(address: string): string {
  const url = `http://${address.slice(address.lastIndexOf('@') + 1).replace(/>?\s*$/, '')}`;
  return URL.canParse(url) ? new URL(url).hostname : ''; // the browser's own IDNA
}

/** isFaulty says whether a record is missing or wrong. */
export const isFaulty = ({ status }: DomainFinding) => status === 'missing' || status === 'wrong';

/** faulty lists the findings of records that are missing or wrong. */
export const faulty = (report?: DomainReport) => report?.findings.filter(isFaulty) ?? [];

/**
 * useKnownDomain returns the latest check of the sender's domain, by "Save & test" or else by
 * the backend's daily check. It calls the backend once, which also wakes that after a restart:
 * with its first call it gets the SecretKey, and only then it sends the mail that waits.
 */
export function useKnownDomain(uid: string, saved: boolean): DomainReport | undefined {
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
    if (saved) {
      readStatus(uid).then(
        ({ domain }) => !gone && setKnown((found) => found ?? domain),
        () => undefined, // Save & test says what is wrong
      );
    }
    return () => void (gone = true);
  }, [uid, saved]);
  return known;
}
