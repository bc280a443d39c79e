import { call } from './api';

/**
 * boundUrl adds to a contact point's URL the key that the backend makes of its
 * query and the signing secret to be: the URL then works with these parameters
 * and at this data source only. A browser has no HMAC on a Grafana without TLS.
 */
export async function boundUrl(uid: string, url: string, secret: string): Promise<string> {
  const { query } = await call<{ query: string }>(
    'POST',
    `/api/datasources/uid/${encodeURIComponent(uid)}/resources/key`,
    { query: new URL(url).search.slice(1), secret },
  );
  return `${url.split('?')[0]}?${query}`;
}
