import { test as grafanaTest } from '@grafana/plugin-e2e';
import { test as pageTest, type Page } from '@playwright/test';
import { add, explore, type Operator } from './operator';
import { playGrafana } from './alerting';
import type { Alerting } from '../src/test/alerting';

export { expect } from '@playwright/test';

interface Fixtures {
  operator: Operator;
  /** What Grafana's own API answers from, where there is no Grafana. */
  alerting: Alerting;
}

/** ON_GRAFANA tells a story that it runs on a real Grafana. */
export const ON_GRAFANA = Boolean(process.env.GRAFANA_URL);

const onGrafana = grafanaTest.extend<Fixtures>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures' names from it
  alerting: async ({}, provide) => provide(undefined as never),
  operator: async ({ page, gotoDataSourceConfigPage, request }, provide) => {
    const opened: string[] = [];
    let config: Awaited<ReturnType<typeof gotoDataSourceConfigPage>>;
    await provide({
      async open(settings) {
        const uid = await add(request, settings);
        opened.push(uid);
        config = await gotoDataSourceConfigPage(uid);
        return uid;
      },
      saveAndTest: async () => void (await config.saveAndTest()),
      explore: async (uid, query) => void (await explore(page, uid, query)),
    });
    await Promise.all(opened.map((uid) => request.delete(`/api/datasources/uid/${uid}`)));
  },
});

const onPage = pageTest.extend<Fixtures, { tab: Page }>({
  alerting: async ({ page }, provide) => provide(await playGrafana(page)),
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures' names from it
  baseURL: async ({}, provide) => provide(process.env.E2E_PAGE_URL),
  // Every story loads the page anew, but in one tab, whose engine keeps what it has
  // compiled: the page is ten megabytes, and a new tab takes ten times as long for it.
  tab: [
    async ({ browser }, provide) => {
      const context = await browser.newContext({ baseURL: process.env.E2E_PAGE_URL });
      await provide(await context.newPage());
      await context.close();
    },
    { scope: 'worker' },
  ],
  page: async ({ tab, viewport }, provide) => {
    await tab.setViewportSize(viewport!);
    await provide(tab);
    // The next story finds a tab as new: nothing stored, nothing listening.
    await tab.unrouteAll({ behavior: 'wait' });
    await tab.removeAllListeners('response', { behavior: 'wait' });
    await tab.evaluate(() => {
      localStorage.clear();
      sessionStorage.clear();
    });
    await tab.context().clearCookies();
    await tab.goto('about:blank');
  },
  operator: async ({ page, request, alerting: _ }, provide) => {
    await provide({
      async open(settings) {
        const uid = await add(request, settings);
        await page.goto(`/connections/datasources/edit/${uid}`);
        return uid;
      },
      saveAndTest: () => page.getByRole('button', { name: 'Save & test' }).click(),
      explore: async (uid, query) => void (await explore(page, uid, query)),
    });
  },
});

/** test is a story's: the same on a real Grafana and on the page that stands for it. */
export const test = ON_GRAFANA ? (onGrafana as unknown as typeof onPage) : onPage;
