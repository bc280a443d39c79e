import { keyIdOf, missingPermissions, pointsAt, purpose, seesAll, signedUrl } from './contactPoint';
import { terraformSnippet, yamlSnippet } from './snippets';
import { backend } from './test/backend';
import { provisioned } from './test/provisioned';

const url = 'https://grafana.example.com/sub/api/datasources/uid/mail/resources/alerts';

it('knows the webhooks that post to the data source, templates among them', () => {
  expect(pointsAt(url, 'mail')).toBe(true);
  expect(pointsAt(`${url}?to={{ .CommonLabels.owner | urlquery }}`, 'mail')).toBe(true);
  expect(pointsAt(url, 'email')).toBe(false);
  expect(pointsAt(`https://example.com/?x=${url}`, 'mail')).toBe(false);
  expect(pointsAt(undefined, 'mail')).toBe(false);
});

it.each([
  ['', undefined],
  ['?keyId=3&key=abc', 3],
  ['?to={{ .CommonLabels.owner | urlquery }}&keyId=12', 12],
  ['?keyId=03', undefined],
  ['?keyId=1&keyId=2', undefined],
  ['?to=keyId=3', undefined],
])('reads the number of the secret in a URL: %s', (query, keyId) => expect(keyIdOf(url + query)).toBe(keyId));

describe('the URL with another secret', () => {
  const key = 'POST /api/datasources/uid/mail/resources/key';
  const signed = (query: string) => signedUrl('mail', url + query, 7, 'hush');

  it.each([
    ['', 'keyId=7'],
    ['?keyId=3&key=old', 'keyId=7'],
    ['?keyId=3&to=a@example.com&key=old', 'keyId=7&to=a@example.com'],
  ])('has its key: %s', async (query, keyed) => {
    backend.reset({ [key]: { query: 'with=key' } });
    await expect(signed(query)).resolves.toBe(`${url}?with=key`);
    expect(backend.requests[0].data).toEqual({ query: keyed, secret: 'hush' });
  });

  it.each(['to=a@example.com', 'to={{ .CommonLabels.owner | urlquery }}&language=ko'])(
    'stays free of one where parameters are written by hand: %s',
    async (parameters) => {
      backend.reset({});
      await expect(signed(`?${parameters}`)).resolves.toBe(`${url}?keyId=7&${parameters}`);
      await expect(signed(`?keyId=2&${parameters}`)).resolves.toBe(`${url}?keyId=7&${parameters}`);
      expect(backend.requests).toEqual([]);
    },
  );
});

it('calls things by the purpose of a data source that has the name of the plugin', () => {
  expect(purpose('nhncloud-email-datasource')).toBe('NHN Cloud Email');
  expect(purpose('nhncloud-email-datasource-1')).toBe('NHN Cloud Email-1');
  expect(purpose('Pager mail')).toBe('Pager mail');
});

it('names the permissions that are missing', () => {
  const all = {
    'serviceaccounts:read': true,
    'serviceaccounts:create': true,
    'serviceaccounts:write': true,
    'datasources:write': true,
  };
  const provenance = { 'alert.provisioning.provenance:write': true };
  expect(missingPermissions({ ...all, 'alert.provisioning:write': true })).toEqual([]);
  expect(missingPermissions({ ...all, 'alert.notifications:write': true, ...provenance })).toEqual([]);
  expect(missingPermissions({ ...all, 'alert.notifications.receivers:create': true, ...provenance })).toEqual([]);
  expect(missingPermissions({ ...all, 'alert.notifications.receivers:create': true })).toEqual([
    'alert.provisioning:write',
  ]);
  expect(missingPermissions(undefined)).toHaveLength(5);
  expect(seesAll({ 'alert.notifications.receivers:read': true })).toBe(false);
  expect(seesAll({ 'alert.provisioning:read': true })).toBe(true);
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
