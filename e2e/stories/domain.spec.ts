import { settings } from '../relay';
import { expect, ON_GRAFANA, test } from '../test';

test.skip(ON_GRAFANA, 'what DNS has of a domain is the test server’s to say');

test('Save & test names the missing and wrong records, and offers the records to add', async ({ operator, page }) => {
  await operator.open(settings({ fromAddress: 'grafana@example.net', to: ['oncall@example.com', 'oncall@gmail.com'] }));
  await expect(page.getByText(/Save & test checks them\.$/).first()).toBeVisible();
  await operator.saveAndTest();
  const records = page.getByRole('table', { name: 'DNS records of example.net' });
  await expect(records.getByRole('row', { name: /^SPF example.net Wrong/ })).toBeVisible();
  await expect(records.getByText('example.net has 2 SPF records')).toBeVisible();
  await expect(records.getByRole('button', { name: 'Copy the DMARC record' })).toBeVisible();
  await expect(page.getByText(/wrong for example.net: SPF, DKIM, DMARC\.$/).first()).toBeVisible();

  await page.reload();
  await expect(
    page.getByText(/^There are recipients at gmail.com\. .* wrong for example.net: SPF, DKIM, DMARC\.$/),
  ).toBeVisible();
});

test('Save & test shows a domain as it should be without a warning', async ({ operator, page }) => {
  await operator.open(settings({ to: ['oncall@gmail.com'] }));
  await operator.saveAndTest();
  await page.getByRole('button', { name: 'Every step' }).click();
  const records = page.getByRole('table', { name: 'DNS records of example.com' });
  await expect(records.getByRole('row', { name: /^DMARC _dmarc.example.com Correct/ })).toBeVisible();
  await expect(page.getByText(/missing or wrong/i)).toHaveCount(0);
});
