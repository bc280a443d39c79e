import { config } from '@grafana/runtime';
import { asApiError } from './api';
import { testContactPoint } from './contactPointTest';
import { backend, type Answer } from './test/backend';

const contactPoint = {
  uid: 'cp',
  name: '監視 Mail>>>?!',
  settings: {
    url: 'https://grafana.example.com/api/datasources/uid/mail/resources/alerts',
    httpMethod: 'POST',
    authorization_scheme: 'Bearer',
    authorization_credentials: '[REDACTED]',
    hmacConfig: { header: 'X-Signature', timestampHeader: 'X-Timestamp' },
    'hmacConfig.secret': '[REDACTED]',
  },
};

// base64url of the name, whose usual base64 has "+", "/" and "=" in it.
const name = Buffer.from(contactPoint.name).toString('base64url');
const receivers = (version: string, namespace = 'default') =>
  `POST /apis/notifications.alerting.grafana.app/${version}/namespaces/${namespace}/receivers/${name}/test`;
const alertmanager = 'POST /api/alertmanager/grafana/config/api/v1/receivers/test';

const taken = { status: 'success', duration: '12.3ms' };
const alertmanagerTaken = { receivers: [{ grafana_managed_receiver_configs: [{ status: 'ok' }] }] };
const unknown = { refuse: 404, data: '404 page not found' };
const gone = { refuse: 410, data: { message: 'This endpoint has been removed.' } };

/** GRAFANA answers as each version does, where the test is carried out. */
const GRAFANA: Record<string, (answer: Answer, ofAlertmanager?: Answer) => Record<string, Answer>> = {
  '13.1': (answer) => ({ [receivers('v1beta1')]: answer, [receivers('v0alpha1')]: answer, [alertmanager]: gone }),
  '12.4': (answer) => ({
    [receivers('v1beta1')]: unknown,
    [receivers('v0alpha1')]: answer,
    [alertmanager]: alertmanagerTaken,
  }),
  '12.3': (_, answer) => ({
    [receivers('v1beta1')]: unknown,
    [receivers('v0alpha1')]: unknown,
    [alertmanager]: answer,
  }),
};

const run = () => testContactPoint(contactPoint).then(() => undefined, asApiError);
const asked = () => backend.requests.map(({ route }) => route);

describe('each Grafana is asked in the newest way that it knows', () => {
  it.each([
    ['13.1', [receivers('v1beta1')]],
    ['12.4', [receivers('v1beta1'), receivers('v0alpha1')]],
    ['12.3', [receivers('v1beta1'), receivers('v0alpha1'), alertmanager]],
  ])('%s', async (version, calls) => {
    backend.reset(GRAFANA[version](taken, alertmanagerTaken));
    expect(await run()).toBeUndefined();
    expect(asked()).toEqual(calls);
  });
});

it.each(['13.1', '12.4'])('%s takes the secrets from the contact point that it has', async (version) => {
  backend.reset(GRAFANA[version](taken));
  await run();
  expect(backend.requests.at(-1)?.data).toEqual({
    integration: {
      uid: 'cp',
      type: 'webhook',
      version: 'v1',
      settings: {
        url: contactPoint.settings.url,
        httpMethod: 'POST',
        authorization_scheme: 'Bearer',
        hmacConfig: { header: 'X-Signature', timestampHeader: 'X-Timestamp' },
      },
      secureFields: { authorization_credentials: true, 'hmacConfig.secret': true },
    },
    alert: { labels: expect.objectContaining({ alertname: 'TestAlert' }), annotations: expect.any(Object) },
  });
  expect(JSON.stringify(backend.requests)).not.toContain('REDACTED');
});

it('12.3 takes them, too: by the uid', async () => {
  backend.reset(GRAFANA['12.3'](undefined, alertmanagerTaken));
  await run();
  const [receiver] = (backend.requests.at(-1)?.data as { receivers: Array<Record<string, unknown>> }).receivers;
  expect(receiver).toEqual({
    name: contactPoint.name,
    grafana_managed_receiver_configs: [
      {
        name: contactPoint.name,
        uid: 'cp',
        type: 'webhook',
        disableResolveMessage: false,
        settings: {
          url: contactPoint.settings.url,
          httpMethod: 'POST',
          authorization_scheme: 'Bearer',
          hmacConfig: { header: 'X-Signature', timestampHeader: 'X-Timestamp' },
        },
      },
    ],
  });
});

it('13.1 names the secrets within what they belong to', async () => {
  backend.reset(GRAFANA['13.1'](taken));
  const { 'hmacConfig.secret': _, ...settings } = contactPoint.settings;
  await testContactPoint({
    ...contactPoint,
    settings: { ...settings, hmacConfig: { secret: '[REDACTED]' }, tlsConfig: { clientKey: '[REDACTED]' } },
  });
  expect(backend.requests.at(-1)?.data).toMatchObject({
    integration: {
      settings: { hmacConfig: {}, tlsConfig: {} },
      secureFields: { authorization_credentials: true, 'hmacConfig.secret': true, 'tlsConfig.clientKey': true },
    },
  });
});

it('asks in the namespace of the organization', async () => {
  const { namespace } = config;
  config.namespace = 'org-7';
  backend.reset({ [receivers('v1beta1', 'org-7')]: taken });
  expect(await run()).toBeUndefined();
  config.namespace = namespace;
});

describe('a notification that was refused', () => {
  const body = JSON.stringify({
    error: 'the relay refuses the sender: auth: 535 5.7.8 "no" \\ \u2603',
    code: 'held',
    hint: 'Check fromAddress: the relay accepts no mail from this sender. Its domain may not be verified in the NHN Cloud console, or may be protected by another project.',
    id: '1',
  });
  const status = 'webhook response status 502 Bad Gateway';
  const failures: Array<[version: string, failing: (error: string) => Record<string, Answer>]> = [
    ['13.1', (error) => GRAFANA['13.1']({ status: 'failure', error, duration: '1ms' })],
    ['12.4', (error) => GRAFANA['12.4']({ status: 'failure', error, duration: '1ms' })],
    [
      '12.3',
      (error) =>
        GRAFANA['12.3'](undefined, {
          receivers: [{ grafana_managed_receiver_configs: [{ status: 'failed', error }] }],
        }),
    ],
  ];

  describe.each(failures)('on %s', (_, failing) => {
    it('is told in the sentence of our backend, with its remedy', async () => {
      backend.reset(failing(`${status}: ${body}`));
      expect(await run()).toMatchObject({
        message: 'the relay refuses the sender: auth: 535 5.7.8 "no" \\ \u2603',
        hint: 'Check fromAddress: the relay accepts no mail from this sender. Its domain may not be verified in the NHN Cloud console, or may be protected by another project.',
      });
    });

    it('is told in the words of Grafana where it says no more', async () => {
      backend.reset(failing(status));
      expect(await run()).toMatchObject({ message: status, hint: '' });
    });
  });

  it.each([
    ['within the sentence', `{"error":"the relay refuses the send... (truncated)`, 'the relay refuses the send…'],
    ['within an escape', `{"error":"it said \\u26... (truncated)`, 'it said …'],
    ['within another escape', `{"error":"it said \\... (truncated)`, 'it said …'],
    ['behind the sentence', `{"error":"it said no","code":"he... (truncated)`, 'it said no'],
  ])('is told as far as Grafana passes it on: cut %s', async (_, cut, message) => {
    backend.reset(GRAFANA['13.1']({ status: 'failure', error: `${status}: ${cut}` }));
    expect(await run()).toMatchObject({ message, hint: '' });
  });

  it.each([
    ['ours', (words: string) => `${status}: ${JSON.stringify({ error: words })}`],
    ['those of others', (words: string) => words],
  ])('is told in one plain line of bounded length: %s', async (_, quote) => {
    backend.reset(GRAFANA['13.1']({ status: 'failure', error: quote(`a\r\nb\u202Ec${'x'.repeat(5000)}`) }));
    const { message } = (await run())!;
    expect(message).toMatch(/^a b cx+$/);
    expect(message.length).toBeLessThanOrEqual(1024);
  });

  it('is one though there are no words for it', async () => {
    backend.reset(GRAFANA['13.1']({ status: 'failure' }));
    expect(await run()).toMatchObject({ message: 'failure' });
  });

  // The status when every receiver timed out, or when every one is not valid.
  it.each([408, 400])('also where 12.3 answers %d with its result', async (refuse) => {
    const data = {
      receivers: [{ grafana_managed_receiver_configs: [{ status: 'failed', error: 'the receiver timed out' }] }],
    };
    backend.reset(GRAFANA['12.3'](undefined, { refuse, data }));
    expect(await run()).toMatchObject({ message: 'the receiver timed out' });
  });
});

describe('a test that is not carried out', () => {
  const forbidden = { refuse: 403, data: { message: 'user is not authorized to test this receiver' } };

  it.each([
    ['13.1', 'alert.notifications.receivers.test:create'],
    ['12.4', 'alert.notifications.receivers.test:create'],
    ['12.3', 'alert.notifications.receivers:test'],
  ])('for want of a permission, which is named: %s', async (version, permission) => {
    backend.reset(GRAFANA[version](forbidden, forbidden));
    expect(await run()).toMatchObject({
      message: 'user is not authorized to test this receiver',
      hint: expect.stringContaining(permission),
    });
  });

  it('for what else Grafana says, which asks no older call', async () => {
    backend.reset(GRAFANA['13.1']({ refuse: 500, data: { message: 'database is locked' } }));
    expect(await run()).toMatchObject({ message: 'database is locked' });
    expect(asked()).toEqual([receivers('v1beta1')]);
  });

  it('for want of the contact point: the newest call tells it, and not that the oldest is gone', async () => {
    backend.reset(GRAFANA['13.1']({ refuse: 404, data: { message: 'receiver not found' } }));
    expect(await run()).toMatchObject({ message: 'receiver not found' });
  });
});
