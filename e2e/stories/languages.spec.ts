import { settings } from '../relay';
import { expect, ON_GRAFANA, test } from '../test';

test.skip(ON_GRAFANA, 'a language is the preference of a person, which a story must not change');

for (const [language, connection] of [
  ['ja-JP', '接続'],
  ['ko-KR', '연결'],
]) {
  test(`${language}: the editor speaks it`, async ({ operator, page }) => {
    await operator.open(settings());
    await page.goto(`${page.url()}?language=${language}`);
    await expect(page.getByRole('heading', { name: connection, exact: true })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Connection', exact: true })).toHaveCount(0);
  });
}
