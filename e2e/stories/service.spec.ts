import type { APIRequestContext } from '@playwright/test';
import { post } from '../alerts';
import { settings } from '../relay';
import { expect, ON_GRAFANA, test } from '../test';

const subject = 'Disk full on db-1';
const api = () => process.env.E2E_SERVICE_URL!;
const asking = (jsonData: object = {}) =>
  settings({ serviceResults: true, serviceUrl: api(), subjectTemplate: subject, ...jsonData });

/** list has the double of the service's API list a mail of now. */
const list = (request: APIRequestContext, mail: object) =>
  request.post(`${api()}/mails`, {
    data: [
      { RequestID: '1', Time: new Date().toISOString(), Sender: 'grafana@example.com', Subject: subject, ...mail },
    ],
  });

const GONE = { Code: 'SST3', DSNCode: '5.1.1', DSNMessage: '550 5.1.1 No such user' };

test('the service says who does not get mail, and one delivery shows it', async ({ operator, page, request }) => {
  // Each story has a sender of its own: the double keeps the mails of all.
  const Sender = 'one@example.com';
  const uid = await operator.open(asking({ fromAddress: Sender }));
  const { id, code } = await post(request, uid);
  expect(code).toBe(200);
  await list(request, { Sender, Recipient: 'oncall@example.com', ...GONE });

  await operator.explore(uid, { queryType: 'serviceMails', status: ['failed'] });
  const mails = page.getByRole('table', { name: 'mails' });
  await expect(mails.getByText('Not delivered')).toBeVisible();
  await expect(mails.getByText('550 5.1.1 No such user')).toBeVisible();
  await expect(mails.getByText('SST3')).toBeAttached();

  await operator.explore(uid, { queryType: 'delivery', id });
  const recipients = page.getByRole('table', { name: 'recipients' });
  await expect(recipients.getByText('Not delivered')).toBeVisible();
  await expect(recipients.getByText('5.1.1 550 5.1.1 No such user')).toBeVisible();
});

test('a service that lists none of our mail is told once', async ({ operator, page, request }) => {
  const uid = await operator.open(asking({ fromAddress: 'two@example.com' }));
  const { id } = await post(request, uid);
  await operator.explore(uid, { queryType: 'delivery', id });
  await expect(page.getByText(/lists none of the mails/)).toHaveCount(1);
  await expect(page.getByText(/lists no mail to this recipient/)).toBeVisible();
});

test('a query of the service is quiet while it is off, and a failure says what to do', async ({ operator, page }) => {
  const off = await operator.open(settings());
  await operator.explore(off, { queryType: 'serviceStats' });
  await expect(page.getByText(/turn on "Ask the service/)).toBeVisible();

  const wrong = await operator.open(settings({ serviceResults: true, serviceUrl: 'http://127.0.0.1:1' }));
  await operator.explore(wrong, { queryType: 'serviceStats' });
  await expect(page.getByText(/connection refused\. Check API address/)).toBeVisible();
});

for (const [language, failed, missing] of [
  ['ja-JP', '配信失敗', /サービスの一覧にありません/],
  ['ko-KR', '발송 실패', /서비스의 목록에 없습니다/],
] as const) {
  test(`${language}: what the service says is in words`, async ({ operator, page, request }) => {
    test.skip(ON_GRAFANA, 'a language is the preference of a person, which a story must not change');
    const Sender = `${language}@example.com`.toLowerCase();
    const uid = await operator.open(asking({ fromAddress: Sender, to: ['oncall@example.com', 'missing@example.com'] }));
    const { id } = await post(request, uid);
    await list(request, { Sender, Recipient: 'oncall@example.com', ...GONE });
    await operator.explore(uid, { queryType: 'delivery', id });
    await page.goto(`${page.url()}&language=${language}`);
    const recipients = page.getByRole('table', { name: 'recipients' });
    await expect(recipients.getByText(failed)).toBeVisible();
    await expect(recipients.getByText(missing)).toBeVisible();
  });
}
