import { post } from '../alerts';
import { settings } from '../relay';
import { expect, test } from '../test';

test('deliveries are found by their filters and lead to their details', async ({ operator, page, request }) => {
  const uid = await operator.open(settings());
  expect(await post(request, uid)).toMatchObject({ code: 200, status: 'sent' });
  await operator.explore(uid, { queryType: 'deliveries' });
  await page
    .getByRole('link', { name: /FIRING:2/ })
    .first()
    .click();
  await expect(page.getByText('Sent', { exact: true }).first()).toBeVisible();
  await expect(page.getByText('oncall@example.com', { exact: true }).last()).toBeVisible();
  await expect(page.getByText(/queued as/).first()).toBeVisible();
});

for (const width of [1440, 1024]) {
  test(`the subject leads to the details on a screen of ${width} pixels`, async ({ operator, page, request }) => {
    await page.setViewportSize({ width, height: 1000 });
    const subjectTemplate = `{{ .Title }}${' and so on'.repeat(20)}`;
    const uid = await operator.open(settings({ subjectTemplate }));
    expect(await post(request, uid)).toMatchObject({ code: 200, status: 'sent' });
    await operator.explore(uid, { queryType: 'deliveries' });
    const subject = page.getByRole('link', { name: /and so on/ }).first();
    await expect(subject).toBeInViewport({ ratio: 1 });
    await subject.click(); // at its middle, which nothing may cover
    await expect(page.getByText('Sent', { exact: true }).first()).toBeVisible();
  });
}

test('a mail that waits is retried and taken back by hand', async ({ operator, page, request }) => {
  const uid = await operator.open(settings({ port: 1 })); // nothing listens there
  const { code, id } = await post(request, uid);
  expect(code).toBe(202);
  await operator.explore(uid, { queryType: 'delivery', id });
  await expect(page.getByText('Queued', { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Retry now' }).click();
  await expect(page.getByText(/connection refused/).nth(1)).toBeVisible();

  await page.getByRole('button', { name: 'Cancel the mail' }).click();
  await page.getByRole('button', { name: 'Do not send it' }).click();
  await expect(page.getByText('Cancelled', { exact: true }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Retry now' })).toBeHidden();
});

test('a query is edited and run', async ({ operator, page, request }) => {
  const uid = await operator.open(settings());
  await post(request, uid);
  await operator.explore(uid, { queryType: 'deliveries' });
  await expect(page.getByText(/FIRING:2/).first()).toBeVisible();
  await page.getByRole('textbox', { name: 'Recipient' }).fill('nobody@');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/FIRING:2/)).toHaveCount(0);
});

test('mails that wait are taken back together', async ({ operator, page, request }) => {
  const uid = await operator.open(settings({ port: 1 })); // nothing listens there
  for (let mails = 0; mails < 2; mails++) {
    expect((await post(request, uid)).code).toBe(202);
  }
  await operator.explore(uid, { queryType: 'deliveries' });
  await page.getByRole('button', { name: 'Cancel all that wait (2)' }).click();
  await page.getByRole('button', { name: 'Do not send them' }).click();
  await expect(page.getByText('Cancelled: 2. Already sent or ended: 0.')).toBeVisible();
  await expect(page.getByRole('button', { name: /Cancel all/ })).toBeHidden();
});
