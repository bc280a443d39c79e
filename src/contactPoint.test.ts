import { createContactPoint, createQueueRule, missingPermissions, type Step, type StepState } from './contactPoint';
import { terraformSnippet, yamlSnippet } from './snippets';
import { backend } from './test/backend';
import { provisioned } from './test/provisioned';

const request = { uid: 'mail', name: 'Mail', grafanaUrl: 'https://grafana.example.com/sub/' };

// As Grafana 12.3 answers.
const grafana = {
  'POST /api/serviceaccounts': { id: 7, name: 'Mail', role: 'Viewer' },
  'POST /api/serviceaccounts/7/tokens': { id: 1, name: 'Mail', key: 'glsa_token' },
  'POST /api/datasources/uid/mail/resources/key': { query: 'key=abc' },
  'GET /api/v1/provisioning/contact-points?name=Mail': [],
  'POST /api/v1/provisioning/contact-points': { uid: 'cp', name: 'Mail', type: 'webhook' },
  'GET /api/datasources/uid/mail': {
    uid: 'mail',
    name: 'Mail',
    version: 3,
    jsonData: { appKey: 'AppKey' },
    secureJsonFields: {},
  },
  'PUT /api/datasources/uid/mail': { datasource: { version: 4 } },
  'GET /api/datasources/uid/mail/resources/status': {},
  'DELETE /api/serviceaccounts/7': { message: 'Service account deleted' },
  'DELETE /api/serviceaccounts/7/tokens/1': { message: 'Service account token deleted' },
  'DELETE /api/v1/provisioning/contact-points/cp': { message: 'contactpoint deleted' },
};

const routes = () => backend.requests.map(({ route }) => route);

async function create() {
  const steps: Partial<Record<Step, StepState>> = {};
  const outcome = await createContactPoint(request, (step, state) => (steps[step] = state)).catch(
    (error: Error) => error,
  );
  return { outcome, steps };
}

it('creates the service account, its token, the contact point and the signing secret', async () => {
  backend.reset(grafana);
  const { outcome, steps } = await create();

  expect(steps).toEqual({ serviceAccount: 'done', token: 'done', contactPoint: 'done', secret: 'done' });
  const [account, token, key, , contactPoint, , saved] = backend.requests;
  expect(account.data).toMatchObject({ name: 'Mail', role: 'Viewer' });
  expect(token.data).toEqual({ name: 'Mail' }); // Grafana takes each name once in an organization

  // The URL works with its own parameters only: none.
  expect(key.data).toEqual({ query: '', secret: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(contactPoint.headers).toEqual({ 'X-Disable-Provenance': 'true' });
  const { secureJsonData, ...rest } = saved.data as { secureJsonData: { webhookSecret: string } };
  expect(secureJsonData.webhookSecret).toMatch(/^[0-9a-f]{64}$/);
  expect(key.data).toMatchObject({ secret: secureJsonData.webhookSecret });
  expect(rest).toMatchObject({ jsonData: { appKey: 'AppKey' }, version: 3 });
  expect(contactPoint.data).toMatchObject({
    name: 'Mail',
    type: 'webhook',
    settings: {
      url: 'https://grafana.example.com/sub/api/datasources/uid/mail/resources/alerts?key=abc',
      authorization_scheme: 'Bearer',
      authorization_credentials: 'glsa_token',
      hmacConfig: {
        secret: secureJsonData.webhookSecret,
        header: 'X-Grafana-Alerting-Signature',
        timestampHeader: 'X-Grafana-Alerting-Timestamp',
      },
    },
  });
  expect(outcome).toMatchObject({ uid: 'cp', name: 'Mail', version: 4 });
});

it('makes the signing secret known at once, though Grafana keeps settings for a while', async () => {
  backend.reset(grafana);
  await create();
  expect(backend.requests.at(-1)).toMatchObject({
    route: 'GET /api/datasources/uid/mail/resources/status',
    headers: { 'X-Grafana-NoCache': 'true' },
  });

  backend.reset({ ...grafana, 'GET /api/datasources/uid/mail/resources/status': { refuse: 503, data: {} } });
  expect((await create()).outcome).toMatchObject({ uid: 'cp' });
});

describe('when a step fails, what was created is removed again', () => {
  it.each([
    ['POST /api/serviceaccounts', [], { serviceAccount: 'failed' }],
    [
      'POST /api/serviceaccounts/7/tokens',
      ['DELETE /api/serviceaccounts/7'],
      { serviceAccount: 'undone', token: 'failed' },
    ],
    [
      'POST /api/v1/provisioning/contact-points',
      ['DELETE /api/serviceaccounts/7/tokens/1', 'DELETE /api/serviceaccounts/7'],
      { serviceAccount: 'undone', token: 'undone', contactPoint: 'failed' },
    ],
    [
      'PUT /api/datasources/uid/mail',
      [
        'DELETE /api/v1/provisioning/contact-points/cp',
        'DELETE /api/serviceaccounts/7/tokens/1',
        'DELETE /api/serviceaccounts/7',
      ],
      { serviceAccount: 'undone', token: 'undone', contactPoint: 'undone', secret: 'failed' },
    ],
  ])('%s', async (failing, removed, states) => {
    backend.reset({ ...grafana, [failing]: { refuse: 400, data: { message: 'service account already exists' } } });
    const { outcome, steps } = await create();
    expect(outcome).toMatchObject({ message: 'service account already exists' });
    expect(steps).toEqual(states);
    expect(routes().filter((route) => route.startsWith('DELETE'))).toEqual(removed);
  });

  it('so does the name of another contact point, which would get a second receiver', async () => {
    backend.reset({ ...grafana, 'GET /api/v1/provisioning/contact-points?name=Mail': [{ uid: 'another' }] });
    const { outcome, steps } = await create();
    expect(outcome).toMatchObject({
      message: 'There is a contact point called Mail already.',
      hint: 'Choose another name.',
    });
    expect(steps).toEqual({ serviceAccount: 'undone', token: 'undone', contactPoint: 'failed' });
    expect(routes()).not.toContain('POST /api/v1/provisioning/contact-points');
  });

  it('and a name that is taken has another as the remedy', async () => {
    const refusal = { refuse: 400, data: { message: 'service account already exists' } };
    backend.reset({ ...grafana, 'POST /api/serviceaccounts': refusal });
    expect((await create()).outcome).toMatchObject({ hint: 'Choose another name.' });
  });

  it('and what could not be removed is named', async () => {
    backend.reset({
      ...grafana,
      'POST /api/serviceaccounts/7/tokens': { refuse: 500, data: {} },
      'DELETE /api/serviceaccounts/7': { refuse: 500, data: {} },
    });
    expect((await create()).steps).toEqual({ serviceAccount: 'left', token: 'failed' });
  });
});

describe('the alert rule', () => {
  const rule = { 'POST /api/v1/provisioning/alert-rules': { uid: 'rule' } };
  const words = { title: 'title', annotations: { summary: 'summary', description: 'description' } };

  it('watches the age of the oldest mail, in a folder that is made once', async () => {
    backend.reset({
      ...rule,
      'GET /api/folders': [{ uid: 'other', title: 'Other' }],
      'POST /api/folders': { uid: 'made', title: 'NHN Cloud Email' },
    });
    await expect(createQueueRule('mail', 'Mail', words)).resolves.toEqual({ uid: 'rule' });
    expect(routes()).toEqual(['GET /api/folders', 'POST /api/folders', 'POST /api/v1/provisioning/alert-rules']);
    expect(backend.requests[2].data).toMatchObject({
      uid: 'mail-not-going-out',
      title: 'title',
      folderUID: 'made',
      ruleGroup: 'Mail',
      condition: 'waiting',
      annotations: { summary: 'summary', description: 'description' },
      data: [
        { refId: 'age', datasourceUid: 'mail', model: { queryType: 'queue', measure: 'oldestAge' } },
        { refId: 'waiting', datasourceUid: '__expr__', model: { type: 'threshold', expression: 'age' } },
      ],
    });

    backend.reset({ ...rule, 'GET /api/folders': [{ uid: 'provisioned', title: 'NHN Cloud Email' }] });
    await createQueueRule('mail', 'Mail', words);
    expect(routes()).not.toContain('POST /api/folders');
    expect(backend.requests[1].data).toMatchObject({ folderUID: 'provisioned' });
  });

  it('leaves its uid to Grafana where the name would be too long', async () => {
    backend.reset({ ...rule, 'GET /api/folders': [{ uid: 'folder', title: 'NHN Cloud Email' }] });
    await createQueueRule('u'.repeat(40), 'Mail', words);
    expect(backend.requests[1].data).toMatchObject({ uid: undefined });
  });
});

it('names the permissions that are missing', () => {
  const all = { 'serviceaccounts:create': true, 'serviceaccounts:write': true, 'datasources:write': true };
  expect(missingPermissions({ ...all, 'alert.provisioning:write': true })).toEqual([]);
  expect(
    missingPermissions({ ...all, 'alert.notifications:write': true, 'alert.provisioning.provenance:write': true }),
  ).toEqual([]);
  expect(missingPermissions(all)).toEqual(['alert.provisioning:write']);
  expect(missingPermissions(undefined)).toHaveLength(4);
});

describe('for those who provision', () => {
  it('the YAML is that of the provisioning sample', () => {
    const snippet = yamlSnippet('NHN Cloud Email', 'https://grafana', 'nhncloud-email')
      .replaceAll('"', '')
      .replace('https://grafana', '$NHNCLOUD_EMAIL_GRAFANA_URL');
    expect(snippet).toBe(provisioned('contact-point.yaml'));
  });

  it('names survive both formats', () => {
    const name = 'Ops "A" ${x} $y';
    expect(yamlSnippet(name, 'https://g/', 'mail')).toContain('name: "Ops \\"A\\" $${x} $$y"');
    expect(terraformSnippet(name, 'https://g/', 'mail')).toContain('name = "Ops \\"A\\" $${x} $y"');
  });

  it('secrets come from outside', () => {
    expect(yamlSnippet('n', 'https://g', 'mail')).toContain('secret: $NHNCLOUD_EMAIL_WEBHOOK_SECRET');
    expect(yamlSnippet('n', 'https://g', 'mail')).toContain(
      'url: "https://g/api/datasources/uid/mail/resources/alerts"',
    );
    expect(terraformSnippet('n', 'https://g', 'mail')).toMatch(/secret\s+= var.webhook_secret/);
  });
});
