import { CoreApp, type DataSourceInstanceSettings } from '@grafana/data';
import { HealthStatus, setTemplateSrv, type TemplateSrv } from '@grafana/runtime';
import { firstValueFrom } from 'rxjs';
import { DataSource } from './datasource';
import { healthResults } from './health';
import { backend } from './test/backend';
import type { EmailJsonData, EmailQuery, VariableKind } from './types';

const variables: Record<string, string> = {
  $status: 'sent,failed',
  $to: 'ops@example.com',
  $all: 'ops@example.com,dev@example.com',
  $none: '',
};

// As Grafana writes several values when it is not told how.
const several = (text: string) => (text.includes(',') ? `{${text}}` : text);

setTemplateSrv({
  replace: (text: string, _: unknown, format?: string) =>
    format === 'csv' ? (variables[text] ?? text) : several(variables[text] ?? text),
} as TemplateSrv);

const datasource = new DataSource({
  id: 1,
  uid: 'mail',
  type: 't',
  jsonData: {},
} as DataSourceInstanceSettings<EmailJsonData>);
const query = (more: Partial<EmailQuery>): EmailQuery => ({ refId: 'A', ...more });

it('begins with what each place is for', () => {
  expect(datasource.getDefaultQuery(CoreApp.Dashboard)).toEqual({ queryType: 'deliveries' });
  expect(datasource.getDefaultQuery(CoreApp.Explore)).toEqual({ queryType: 'deliveries', format: 'logs' });
  expect(datasource.getDefaultQuery(CoreApp.UnifiedAlerting)).toEqual({ queryType: 'queue', measure: 'oldestAge' });
});

it('asks nothing for a hidden query', () => {
  expect(datasource.filterQuery(query({}))).toBe(true);
  expect(datasource.filterQuery(query({ hide: true }))).toBe(false);
});

it('asks for a delivery once its id is there', () => {
  expect(datasource.filterQuery(query({ queryType: 'delivery' }))).toBe(false);
  expect(datasource.filterQuery(query({ queryType: 'delivery', id: '1' }))).toBe(true);
});

it('fills variables into every filter; one may stand for several values', () => {
  expect(
    datasource.applyTemplateVariables(
      query({
        status: ['$status', 'held'],
        mailType: ['$none'],
        recipient: '$all',
        text: 'disk',
        id: '$to',
        digest: '$to',
      }),
      {},
    ),
  ).toEqual(
    query({
      status: ['sent', 'failed', 'held'],
      mailType: [],
      recipient: 'ops@example.com,dev@example.com',
      text: 'disk',
      id: 'ops@example.com',
      digest: 'ops@example.com',
    }),
  );
});

it('offers variables: statuses and mail types by name, and the recipients of the whole log', async () => {
  backend.reset({
    'GET /api/datasources/uid/mail/resources/recipients': { recipients: ['a@example.com', 'b@example.com'] },
  });
  const values = (kind: VariableKind) => datasource.metricFindQuery({ refId: 'v', kind });
  expect(await values('mailTypes')).toEqual([
    { value: 'normal', text: 'Normal' },
    { value: 'auth', text: 'Authentication' },
    { value: 'ad', text: 'Advertising' },
  ]);
  expect(await values('statuses')).toContainEqual({ value: 'partial', text: 'Partly sent' });
  expect(await values('serviceStatuses')).toContainEqual({ value: 'refused', text: 'Unsubscribed' });
  expect(await values('recipients')).toEqual([{ text: 'a@example.com' }, { text: 'b@example.com' }]);
});

it.each<[Partial<EmailQuery>, string]>([
  [{}, 'Deliveries'],
  [
    { status: ['failed', '$status'], mailType: ['ad'], recipient: 'ops@', text: 'disk' },
    'Deliveries: Failed, $status · Advertising · ops@ · "disk"',
  ],
  [{ queryType: 'delivery', id: '01a2' }, 'One delivery: 01a2'],
  [{ queryType: 'deliveries', digest: '01a2' }, 'Deliveries: Digest 01a2'],
  [{ queryType: 'stats', measure: 'count' }, 'Statistics'],
  [{ queryType: 'stats', measure: 'latency' }, 'Statistics: Time to delivery'],
  [{ queryType: 'queue', measure: 'oldestAge' }, 'Queue: Age of the oldest'],
  [{ queryType: 'serviceStats', measure: 'failed', by: 'domain' }, 'Service statistics: Failed · By recipient domain'],
  [{ queryType: 'serviceMails', status: ['refused'] }, 'Service mails: Unsubscribed'],
])('says a query on one line: %j', (more, text) => expect(datasource.getQueryDisplayText(query(more))).toBe(text));

it('marks by default the mail that did not arrive at everybody', () => {
  expect(datasource.annotations?.getDefaultQuery?.()).toMatchObject({
    status: ['failed', 'expired', 'held', 'partial'],
  });
});

it('shows a failed health check with its link, and keeps its stages for the editor', async () => {
  const details = { errorLink: 'https://example.com/help', report: { stages: [] } };
  backend.reset({
    // Grafana answers 400 when the plugin says it is not well.
    'GET /api/datasources/uid/mail/health': {
      refuse: 400,
      data: { status: HealthStatus.Error, message: 'AUTH was refused', details },
    },
  });
  const { error } = await datasource.testDatasource().catch((cause) => cause);
  expect(error.message).toBe('AUTH was refused');
  expect(error.details.errorDetailsLink).toBe('https://example.com/help');
  expect((await firstValueFrom(healthResults)).mail.details).toEqual(details);
});

describe('the sentence of a health check, in the language of the reader', () => {
  const report = {
    host: 'relay',
    port: 587,
    mode: 'starttls',
    stages: [],
    tls: { version: 'TLS 1.3' },
    mechanism: 'PLAIN',
  };
  const sentence = async (details: object, status = HealthStatus.OK) => {
    const data = { status, message: 'English of the backend.', details };
    backend.reset({
      'GET /api/datasources/uid/mail/health': status === HealthStatus.OK ? data : { refuse: 400, data },
    });
    return datasource.testDatasource().then(
      ({ message }) => message,
      ({ error }) => error.message,
    );
  };

  it('says what passed, and leaves warnings to the editor, which has them', async () => {
    const passed = 'The relay relay:587 accepts the credentials (TLS 1.3, AUTH PLAIN).';
    expect(await sentence({ report })).toBe(passed);
    const hint = 'The domain example.com lacks what receivers ask for: DMARC.';
    expect(await sentence({ report, warnings: [{ hint, hintId: 'domain-lacks' }] })).toBe(
      `${passed} There are warnings: see Result of the test above.`,
    );
  });

  it('names the step that failed, and leaves the words and the remedy to the editor', async () => {
    const failed = { ...report, error: { stage: 'auth', error: 'auth: 535', hint: 'Check the SecretKey.' } };
    expect(await sentence({ report: failed }, HealthStatus.Error)).toBe(
      'The test failed at: Authentication. See Result of the test above for what to do.',
    );
    expect(await sentence({ report, outbox: { available: false } }, HealthStatus.Error)).toMatch(
      /accepts the credentials, but alerts cannot be stored/,
    );
  });

  it('is the one of the backend where no handshake was made, with what to do in words of the page', async () => {
    expect(
      await sentence({ hint: 'backend', hintId: 'ask-later', hintArgs: { seconds: '5' } }, HealthStatus.Error),
    ).toBe('English of the Try again in 5 s..'); // in the place of the hint
  });
});

it('says a query on one line in the language of the reader, before anything else asks for it', async () => {
  await jest.isolateModulesAsync(async () => {
    jest.spyOn(console, 'error').mockImplementation(() => {}); // Grafana's packages miss Grafana when loaded anew
    const { default: i18next } = await import('i18next');
    const { default: korean } = await import('./locales/ko-KR/nhncloud-email-datasource.json');
    await i18next.init({ lng: 'ko-KR', resources: { 'ko-KR': { 'nhncloud-email-datasource': korean } } });
    const { DataSource } = await import('./datasource');
    const fresh = new DataSource({ uid: 'mail', type: 't', jsonData: {} } as DataSourceInstanceSettings<EmailJsonData>);
    await new Promise((resolve) => setTimeout(resolve)); // Grafana hands it out by a promise
    expect(fresh.getQueryDisplayText(query({ measure: 'latency' }))).toContain(korean.query.latency);
  });
  jest.restoreAllMocks();
});
