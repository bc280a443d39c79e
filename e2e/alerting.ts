// Grafana's own API where there is no Grafana: the same double that the unit tests use.
// What it answers has the fields that a real one answered with (recorded/).
import type { Page } from '@playwright/test';
import { Alerting } from '../src/test/alerting';

const OWN_API = /^\/api\/(serviceaccounts|v1\/provisioning|alertmanager|folders|ruler)/;

/** playGrafana answers a page's requests to Grafana's own API from one organization. */
export async function playGrafana(page: Page, alerting = new Alerting()): Promise<Alerting> {
  await page.route(
    (url) => OWN_API.test(url.pathname),
    async (route) => {
      const asked = route.request();
      const { pathname, search } = new URL(asked.url());
      const answer = alerting.answer(asked.method(), pathname + search, asked.postDataJSON());
      return answer ? route.fulfill({ status: answer.status, json: answer.data }) : route.fallback();
    },
  );
  return alerting;
}
