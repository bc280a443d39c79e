import { BehaviorSubject } from 'rxjs';
import type { HealthCheckResult } from '@grafana/runtime';

/** The last health check of each data source, by uid. */
const results = new BehaviorSubject<Record<string, HealthCheckResult>>({});

/** reportHealth tells the config editor of a check that Grafana asked for. */
export const reportHealth = (uid: string, result: HealthCheckResult) =>
  results.next({ ...results.value, [uid]: result });

export const healthResults = results.asObservable();
