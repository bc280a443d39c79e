import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { post } from '../alerts';
import { settings } from '../relay';
import { expect, ON_GRAFANA, test } from '../test';

test.skip(ON_GRAFANA, 'what Grafana draws around the plugin is not ours to judge');

/** violations lists what axe finds by the rules of WCAG 2.1 AA. */
async function violations(page: Page) {
  const found = await new AxeBuilder({ page })
    .include('main')
    .exclude('iframe') // the mail, where no script may run: axe would wait for it
    .exclude('[data-testid=save-and-test]') // Grafana's own, whose color fades in a dark theme
    .exclude('[id^=downshift][id$=toggle-button]') // of Grafana's MultiCombobox
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
    .analyze();
  return found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}

for (const theme of ['light', 'dark']) {
  test(`axe finds nothing wrong with the editor and its tools, in a ${theme} theme`, async ({ operator, page }) => {
    await operator.open(settings({}, { secretKey: 'mistyped' }));
    await page.goto(`${page.url()}?theme=${theme}`);
    for (const fold of [/^Connection/, /^More recipients/, /^Message/, /^Advanced/]) {
      await page.getByRole('button', { name: fold }).click();
    }
    await page.getByRole('button', { name: 'Try all ports' }).click();
    await page.getByRole('button', { name: 'Show the preview' }).click();
    await page.getByRole('radio', { name: 'A payload' }).check({ force: true });
    await page.getByRole('button', { name: 'As YAML or Terraform' }).click();
    await operator.saveAndTest();
    await expect(page.getByRole('row', { name: /^Authentication Failed/ })).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });
}

test('axe finds nothing wrong with fields that are refused', async ({ operator, page }) => {
  await operator.open(
    settings({ fromAddress: 'grafana', to: ['ops'], portMode: 'ssl', language: 'de', timezone: 'X' }),
  );
  await operator.saveAndTest();
  await expect(page.getByRole('textbox', { name: /^From address/ })).toHaveAccessibleDescription(
    /is not a mail address/,
  );
  expect(await violations(page)).toEqual([]);
});

test('axe finds nothing wrong with the query editor', async ({ operator, page, request }) => {
  const uid = await operator.open(settings({ port: 1 }));
  const { id } = await post(request, uid);
  for (const [query, shown] of [
    [{ queryType: 'deliveries', status: ['queued'] }, 'Recipient'],
    [{ queryType: 'delivery', id }, 'ID'],
    [{ queryType: 'serviceMails' }, 'Recipient'],
    [{ queryType: 'serviceStats' }, 'Requested'],
  ] as const) {
    await operator.explore(uid, query);
    await expect(page.getByLabel(shown)).toBeVisible();
    expect(await violations(page)).toEqual([]);
  }
});
