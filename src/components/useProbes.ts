import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError, asApiError, diagnose, type Handshake } from '../api';
import { t } from '../i18n';
import type { Endpoint } from '../service';

/** Probe is what is known of an endpoint: it is being tried, a handshake, or why there was none. */
export type Probe = 'running' | Handshake | ApiError;

export const keyOf = ({ mode, port }: Endpoint) => `${mode}:${port}`;

export const modeName = ({ mode }: Endpoint) =>
  mode === 'starttls' ? t('config.port-mode.starttls', 'STARTTLS') : t('config.port-mode.wrapper', 'TLS wrapper');

export const isHandshake = (probe?: Probe): probe is Handshake =>
  typeof probe === 'object' && !(probe instanceof ApiError);

export const works = (probe?: Probe) => isHandshake(probe) && !probe.error;

/** useProbes tries endpoints of the saved settings at once, and has each answer as it comes. */
export function useProbes(uid: string) {
  const [probes, setProbes] = useState<Record<string, Probe>>({});
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => void (mounted.current = false);
  }, []);

  const run = useCallback(
    (endpoints: Endpoint[]) => {
      setProbes(Object.fromEntries(endpoints.map((endpoint) => [keyOf(endpoint), 'running'])));
      for (const endpoint of endpoints) {
        diagnose(uid, endpoint)
          .catch(asApiError)
          .then((probe) => mounted.current && setProbes((before) => ({ ...before, [keyOf(endpoint)]: probe })))
          .catch(() => {});
      }
    },
    [uid],
  );
  return { probes, running: Object.values(probes).includes('running'), run };
}
