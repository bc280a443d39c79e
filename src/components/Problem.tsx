import { Alert } from '@grafana/ui';
import type { ApiError } from '../api';

/** Problem shows what went wrong and what to do about it. */
export function Problem({ error }: { error: ApiError }) {
  return <Alert title={error.message}>{error.hint}</Alert>;
}
