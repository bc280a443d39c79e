import { post } from '../alerts';
import { answerTests, VERSIONS } from '../receivers';
import { settings } from '../relay';
import { expect, ON_GRAFANA, test } from '../test';

const name = 'Story of a contact point';

// The second story needs what the first made.
test.describe.configure({ mode: 'serial' });

test('one button makes a contact point, which delivers', async ({ operator, page, request }) => {
  const uid = await operator.open({ ...settings(), uid: 'story-contact-point', name });
  await page.getByRole('button', { name: 'Create a contact point' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('a service account with the role Viewer, and a token for it')).toBeVisible();
  const creating = page.waitForRequest(/contact-points$/);
  await dialog.getByRole('button', { name: 'Create', exact: true }).click();
  const { settings: webhook } = (await creating).postDataJSON();

  for (const step of ['Service account', 'Token', 'Contact point', 'Signing secret saved with the data source']) {
    await expect(page.getByText(`${step}: done`)).toBeVisible();
  }
  await page.getByRole('button', { name: 'Send a test notification' }).click();
  await expect(page.getByText('The test notification was mailed.')).toBeVisible();
  await page.getByRole('button', { name: 'Create the alert rule' }).click();
  await expect(page.getByText('The alert rule was created.')).toBeVisible();

  // What Alerting was told is what the data source takes, and nothing else.
  expect(await post(request, uid, webhook.hmacConfig.secret)).toMatchObject({ code: 200, status: 'sent' });
  expect(await post(request, uid, 'another')).toMatchObject({ code: 401 });
});

test('what Grafana refuses is said in its words', async ({ operator, page }) => {
  await operator.open({ ...settings(), name });
  await page.getByRole('button', { name: 'Create a contact point' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByText('Service account: failed')).toBeVisible();
  await expect(page.getByText(/already exists/)).toBeVisible();
  await expect(page.getByText('Choose another name.')).toBeVisible();
});

test.describe('a test notification', () => {
  test.skip(ON_GRAFANA, 'a Grafana is of one version, and the first story tests on that');
  test.use({ tape: 'one button makes a contact point, which delivers' });

  for (const version of VERSIONS) {
    test(`is asked of Grafana ${version} in its way, and its failure told`, async ({ operator, page, request }) => {
      const uid = await operator.open({ ...settings(), uid: `story-test-${version}`, name });
      await answerTests(page, request, version, uid);
      await page.getByRole('button', { name: 'Create a contact point' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click();
      await expect(page.getByText('The contact point Story of a contact point was created.')).toBeVisible();
      const sendTest = page.getByRole('button', { name: 'Send a test notification' });
      await sendTest.click();
      await expect(page.getByText('The test notification was mailed.')).toBeVisible();

      const changed = await request.put(`/api/datasources/uid/${uid}`, {
        data: { ...settings(), name, secureJsonData: { secretKey: 'mistyped' } },
      });
      expect(changed.ok()).toBe(true);
      await sendTest.click();
      await expect(
        page.getByText(
          version === '12.3'
            ? 'webhook response status 502 Bad Gateway' // all that it says
            : /^the relay refuses the sender: auth: 535/,
        ),
      ).toBeVisible();
      await expect(page.getByText('The test notification was mailed.')).toBeHidden();
    });
  }
});

test.afterAll(async ({ request }) => {
  if (!ON_GRAFANA) {
    return;
  }
  const { serviceAccounts } = await (await request.get('/api/serviceaccounts/search?perpage=1000')).json();
  for (const { id } of serviceAccounts.filter((one: { name: string }) => one.name === name)) {
    await request.delete(`/api/serviceaccounts/${id}`);
  }
  const points = await (await request.get('/api/v1/provisioning/contact-points')).json();
  for (const { uid } of points.filter((one: { name: string }) => one.name === name)) {
    await request.delete(`/api/v1/provisioning/contact-points/${uid}`);
  }
  await request.delete('/api/v1/provisioning/alert-rules/story-contact-point-not-going-out');
});
