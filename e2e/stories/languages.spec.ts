import { settings } from '../relay';
import { expect, ON_GRAFANA, test } from '../test';

test.skip(ON_GRAFANA, 'a language is the preference of a person, which a story must not change');

for (const [language, account] of [
  ['ja-JP', 'アカウントとアドレス'],
  ['ko-KR', '계정과 주소'],
]) {
  test(`${language}: the editor speaks it`, async ({ operator, page }) => {
    await operator.open(settings());
    await page.goto(`${page.url()}?language=${language}`);
    await expect(page.getByRole('heading', { name: account, exact: true })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Account and addresses', exact: true })).toHaveCount(0);
  });
}
