import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { APIRequestContext, APIResponse } from '@playwright/test';

const payload = readFileSync('pkg/alert/testdata/grafana-12.3/firing-2.json', 'utf8');
let second = 0;

/** notification is a new one of Grafana's: what it says began at another second. */
export const notification = (): string =>
  payload.replaceAll('2026-11-23T06:33:30Z', new Date(Date.UTC(2026, 10, 23, 0, 0, second++)).toISOString());

/** alertsOf is where a data source takes alerts, from contact points whose URL says nothing more. */
const alertsOf = (uid: string) => ({ pathname: `/api/datasources/uid/${uid}/resources/alerts`, search: '' });

/** send posts a notification as Grafana's contact point does, signed where there is a secret. */
export function send(
  request: APIRequestContext,
  { pathname, search }: { pathname: string; search: string },
  secret?: string,
): Promise<APIResponse> {
  const data = notification();
  const time = String(Math.floor(Date.now() / 1000));
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (secret) {
    headers['X-Grafana-Alerting-Signature'] = createHmac('sha256', secret).update(`${time}:${data}`).digest('hex');
    headers['X-Grafana-Alerting-Timestamp'] = time;
  }
  return request.post(pathname + search, { data, headers });
}

/** post is the answer to a notification. */
export async function post(request: APIRequestContext, to: string | URL, secret?: string) {
  const response = await send(request, typeof to === 'string' ? alertsOf(to) : to, secret);
  return { ...(await response.json()), code: response.status() } as { code: number; status: string; id: string };
}
