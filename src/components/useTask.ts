import { useCallback, useEffect, useRef, useState } from 'react';
import { asApiError, type ApiError } from '../api';

/** Task is something that was asked of a server: under way, done or refused. */
export interface Task<T> {
  running: boolean;
  result?: T;
  error?: ApiError;
  run: (work: () => Promise<T>) => Promise<void>;
}

/** useTask runs one piece of work at a time; the answer of an older run is dropped. */
export function useTask<T>(): Task<T> {
  const [state, setState] = useState<Pick<Task<T>, 'running' | 'result' | 'error'>>({ running: false });
  const latest = useRef(0);
  useEffect(() => () => void (latest.current = -1), []);

  const run = useCallback(async (work: () => Promise<T>) => {
    const mine = ++latest.current;
    setState((before) => ({ ...before, running: true }));
    try {
      const result = await work();
      if (mine === latest.current) {
        setState({ running: false, result });
      }
    } catch (cause) {
      if (mine === latest.current) {
        setState({ running: false, error: asApiError(cause) });
      }
    }
  }, []);

  return { ...state, run };
}
