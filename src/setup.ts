// How far a data source is set up, for the checklist. Who finds out reports it.
import { useEffect, useState } from 'react';
import { BehaviorSubject } from 'rxjs';
import { PLUGIN_ID, type Settings } from './service';

export interface Setup {
  /** The account with which the relay took a test mail. */
  tested?: string;
  /** A contact point posts to the data source. */
  contactPoint?: boolean;
  /** An alert rule watches its queue. */
  rule?: boolean;
}

const found = new BehaviorSubject<Record<string, Setup>>({});

// Grafana has the contact point and the rule; a test mail leaves no trace but here.
const keyOf = (uid: string) => `${PLUGIN_ID}.tested.${uid}`;

/** accountOf is what a test mail says something of: with another account, another one is due. */
export const accountOf = ({ host, port, appKey = '', fromAddress = '' }: Settings) =>
  [host, port, appKey, fromAddress].join(' ');

/** reportSetup says what is now known of a data source. */
export function reportSetup(uid: string, part: Setup) {
  if (part.tested !== undefined) {
    localStorage.setItem(keyOf(uid), part.tested);
  }
  found.next({ ...found.value, [uid]: { ...found.value[uid], ...part } });
}

/** useSetup returns what is known of a data source. */
export function useSetup(uid: string): Setup {
  const [setup, setSetup] = useState<Setup>({});
  useEffect(() => {
    const subscription = found.subscribe((all) =>
      setSetup({ tested: localStorage.getItem(keyOf(uid)) ?? undefined, ...all[uid] }),
    );
    return () => subscription.unsubscribe();
  }, [uid]);
  return setup;
}
