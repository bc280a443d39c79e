// What the plugin asks of Grafana's own API: recorded on a real Grafana (with
// RECORD=1), played back where there is none.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page, Response } from '@playwright/test';

/** Exchange is one request with its answer. */
interface Exchange {
  method: string;
  path: string;
  request?: unknown;
  status: number;
  response: unknown;
}

const FILE = join(import.meta.dirname, 'recorded', 'grafana-12.3.json');
const readTape = (): Record<string, Exchange[]> => JSON.parse(readFileSync(FILE, 'utf8'));
const OWN_API = /^\/apis?\/(serviceaccounts|v1\/provisioning|alertmanager|folders|notifications\.alerting)/;
const isOwnApi = (url: string | URL) => OWN_API.test(new URL(url).pathname);

// What differs each time, or is secret.
const VOLATILE = ['url', 'secret', 'hmacConfig.secret', 'authorization_credentials', 'key'];
const ANY = '*';

const blank = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null), (key, inner) => (VOLATILE.includes(key) ? ANY : inner));

/** playBack answers each request of a story once with what was recorded for the like of it. */
export async function playBack(page: Page, story: string) {
  const left = readTape()[story] ?? [];
  await page.route(isOwnApi, async (route) => {
    const asked = route.request();
    const { pathname, search } = new URL(asked.url());
    const body = JSON.stringify(blank(asked.postDataJSON()));
    const index = left.findIndex(
      ({ method, path, request }) =>
        method === asked.method() && path === pathname + search && JSON.stringify(request ?? null) === body,
    );
    if (index < 0 && pathname.startsWith('/apis/')) {
      return route.fallback(); // Grafana 12.3 has none of these, nor has the server of the page
    }
    if (index < 0) {
      const message = `not on the tape: ${asked.method()} ${pathname}${search} ${body}`;
      return route.fulfill({ status: 501, json: { message } });
    }
    const [{ status, response }] = left.splice(index, 1);
    return route.fulfill({ status, json: response });
  });
}

/** record notes what a real Grafana answers; what it returns puts that on the tape. */
export function record(page: Page, story: string): () => Promise<void> {
  if (!process.env.RECORD) {
    return async () => {};
  }
  const seen: Response[] = [];
  page.on('response', (response) => isOwnApi(response.url()) && seen.push(response));
  return async () => {
    const exchanges = seen.map(async (response): Promise<Exchange> => {
      const asked = response.request();
      const { pathname, search } = new URL(asked.url());
      return {
        method: asked.method(),
        path: pathname + search,
        request: blank(asked.postDataJSON()) ?? undefined,
        status: response.status(),
        response: blank(await response.json()),
      };
    });
    if (exchanges.length > 0) {
      const tape = { ...readTape(), [story]: await Promise.all(exchanges) };
      writeFileSync(FILE, `${JSON.stringify(tape, null, 2)}\n`);
    }
  };
}
