import type { BackendSrvRequest } from '@grafana/runtime';
import { accountName, keyIdOf, tokenName } from './contactPoint';
import {
  createContactPoint,
  removeContactPoint,
  removeLeftovers,
  renewContactPoint,
  type Step,
  type StepState,
} from './contactPointSteps';
import { GRACE, readOverview } from './contactPoints';
import { Alerting } from './test/alerting';
import { backend } from './test/backend';

const request = { uid: 'mail', name: 'Mail', grafanaUrl: 'https://grafana.example.com/sub/' };
const source = 'GET /api/datasources/uid/mail';

/** Saved is the data source. */
interface Saved {
  version: number;
  secrets: Record<string, string>;
}
let saved: Saved;
let steps: Partial<Record<Step, StepState>>;
let versions: number[];
const watch = {
  onStep: (step: Step, state: StepState) => void (steps[step] = state),
  onSaved: (version: number) => void versions.push(version),
};

/** grafana is one with the data source; what fails is asked by each route. */
function grafana(alerting = new Alerting()) {
  saved = { version: 3, secrets: { secretKey: 'SecretKey' } };
  steps = {};
  versions = [];
  backend.reset({
    [source]: () => ({
      uid: 'mail',
      version: saved.version,
      jsonData: { appKey: 'AppKey' },
      secureJsonFields: Object.fromEntries(Object.entries(saved.secrets).map(([key, value]) => [key, value !== ''])),
    }),
    'PUT /api/datasources/uid/mail': ({ data }: BackendSrvRequest) => {
      Object.assign(saved.secrets, data.secureJsonData);
      return { datasource: { version: ++saved.version } };
    },
    'POST /api/datasources/uid/mail/resources/grafana': {},
    'POST /api/datasources/uid/mail/resources/key': ({ data }: BackendSrvRequest) => ({
      query: `${data.query}&key=of-${data.secret}`,
    }),
  });
  backend.alerting = alerting;
}

/** stored are contact points with their secrets, as Grafana's Alertmanager reads them. */
type Stored = Alerting['contactPoints'][number];
const stored = (): Stored[] => JSON.parse(JSON.stringify(backend.alerting.contactPoints));

/** isTaken says whether an alert of a contact point gets through Grafana and is taken. */
function isTaken({ settings }: Stored): boolean {
  const keyId = keyIdOf(settings.url);
  return (
    backend.alerting.accounts.some(({ tokens }) =>
      tokens.some(({ key }) => key === settings.authorization_credentials),
    ) &&
    saved.secrets[keyId ? `webhookSecret${keyId}` : 'webhookSecret'] === settings.hmacConfig?.secret &&
    settings.url.includes(`key=of-${settings.hmacConfig?.secret}`)
  );
}

/** orphans are tokens and secrets of no contact point. */
function orphans() {
  const used = stored().map(({ settings }) => keyIdOf(settings.url));
  const secrets = Object.keys(saved.secrets).filter((key) => /^webhookSecret\d/.test(key) && saved.secrets[key]);
  const tokens = backend.alerting.accounts.flatMap((one) => one.tokens.map(({ name }) => name));
  return [...secrets, ...tokens].filter((name) => !used.some((keyId) => name.endsWith(String(keyId))));
}

const outcomeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error) => error,
  );
const points = async () => (await readOverview('mail')).contactPoints;

describe('a contact point is created', () => {
  it('with a token and a signing secret of its own, which are there before it', async () => {
    grafana();
    await createContactPoint(request, watch);
    expect(steps).toEqual({
      address: 'done',
      serviceAccount: 'done',
      token: 'done',
      secret: 'done',
      contactPoint: 'done',
    });
    expect(versions).toEqual([4]);
    const changes = backend.requests.filter(({ route }) => /^(POST|PUT)/.test(route)).map(({ route }) => route);
    expect(changes).toEqual([
      'POST /api/datasources/uid/mail/resources/grafana',
      'POST /api/serviceaccounts',
      expect.stringMatching(/^POST \/api\/serviceaccounts\/\d+\/tokens$/),
      'PUT /api/datasources/uid/mail',
      'POST /api/datasources/uid/mail/resources/key',
      'POST /api/v1/provisioning/contact-points',
    ]);
    const [made] = stored();
    expect(made).toMatchObject({
      name: 'Mail',
      type: 'webhook',
      settings: {
        url: expect.stringMatching(
          /^https:\/\/grafana.example.com\/sub\/api\/datasources\/uid\/mail\/resources\/alerts\?keyId=1&key=/,
        ),
        authorization_scheme: 'Bearer',
        hmacConfig: { header: 'X-Grafana-Alerting-Signature', timestampHeader: 'X-Grafana-Alerting-Timestamp' },
      },
    });
    expect(made.settings.hmacConfig?.secret).toMatch(/^[0-9a-f]{64}$/);
    expect(isTaken(made)).toBe(true);
    expect(backend.requests.at(-1)?.headers).toEqual({ 'X-Disable-Provenance': 'true' });
  });

  it('and a second one leaves the first as it is', async () => {
    grafana();
    await createContactPoint(request, watch);
    await createContactPoint({ ...request, name: 'Other' }, watch);
    expect(stored().map(({ settings }) => keyIdOf(settings.url))).toEqual([1, 2]);
    expect(stored().every(isTaken)).toBe(true);
    expect(backend.alerting.accounts).toMatchObject([{ name: accountName('mail'), role: 'Viewer' }]);
  });

  it('but not twice: a name that is taken makes nothing', async () => {
    grafana();
    await createContactPoint(request, watch);
    const before = backend.alerting.accounts[0].tokens.length;
    await expect(createContactPoint(request, watch)).rejects.toMatchObject({
      message: 'There is a contact point called Mail already.',
      hint: 'Choose another name.',
    });
    expect([stored().length, backend.alerting.accounts[0].tokens.length]).toEqual([1, before]);
    // At the same moment, in two windows: one of them makes it.
    grafana();
    const both = await Promise.all([
      outcomeOf(createContactPoint(request, watch)),
      outcomeOf(createContactPoint(request, watch)),
    ]);
    expect(both.filter(Boolean)).toHaveLength(1);
    expect([stored().length, orphans()]).toEqual([1, []]);
    expect(stored().every(isTaken)).toBe(true);
  });

  it('not where Grafana is not', async () => {
    grafana();
    backend.routes['POST /api/datasources/uid/mail/resources/grafana'] = {
      refuse: 400,
      data: { error: 'not Grafana' },
    };
    await expect(createContactPoint(request, watch)).rejects.toMatchObject({ message: 'not Grafana' });
    expect(steps).toEqual({ address: 'failed' });
    expect(backend.alerting.accounts).toEqual([]);
  });

  it('not with a service account that somebody has changed', async () => {
    grafana();
    await createContactPoint(request, watch);
    backend.alerting.accounts[0].role = 'Admin';
    await expect(createContactPoint({ ...request, name: 'B' }, watch)).rejects.toMatchObject({
      message: expect.stringContaining('Viewer'),
    });
  });
});

describe('what fails is told, with the permission that is missing', () => {
  it.each([
    ['POST /api/v1/provisioning/contact-points', { message: 'Access denied' }, /alert.provisioning:write/],
    [
      'POST /api/v1/provisioning/contact-points',
      {
        message: "user is not authorized to update protected fields of 'Mail' receiver",
        changed_protected_fields: { cp: ['url'] },
      },
      /alert.notifications.receivers.protected:write/,
    ],
    ['PUT /api/datasources/uid/mail', { message: 'Access denied' }, /datasources:write/],
    ['POST /api/serviceaccounts', { message: 'Access denied' }, /serviceaccounts:create/],
  ])('%s', async (route, data, permission) => {
    grafana();
    backend.routes[route] = { refuse: 403, data };
    await expect(createContactPoint(request, watch)).rejects.toMatchObject({ hint: expect.stringMatching(permission) });
    expect(Object.values(steps)).not.toContain('left');
    delete backend.routes[route];
    expect([backend.alerting.accounts, orphans()]).toEqual([[], []]);
  });
});

it('a lost answer is looked up: the contact point is there', async () => {
  grafana();
  backend.routes['POST /api/v1/provisioning/contact-points'] = ({ method, url, data }: BackendSrvRequest) => {
    backend.alerting.answer(method!, url, data);
    return { refuse: 502, data: {} };
  };
  await createContactPoint(request, watch);
  expect(stored().every(isTaken)).toBe(true);
  expect(orphans()).toEqual([]);
});

describe('a contact point that is created meanwhile in another window keeps its token', () => {
  const another = () => {
    const { id } = backend.alerting.accounts[0];
    backend.alerting.answer('POST', `/api/serviceaccounts/${id}/tokens`, { name: tokenName('mail', 9) });
  };
  const names = () => backend.alerting.accounts.flatMap(({ tokens }) => tokens.map(({ name }) => name));

  it('when the last of the others is deleted', async () => {
    grafana();
    await createContactPoint(request, watch);
    const fetch = backend.fetch;
    backend.fetch = (asked) => {
      const answer = fetch(asked);
      if (asked.method === 'DELETE' && /tokens/.test(asked.url)) {
        another();
      }
      return answer;
    };
    await removeContactPoint('mail', (await points())[0], watch);
    backend.fetch = fetch;
    expect(names()).toEqual([tokenName('mail', 9)]);
  });

  it('when the first one fails', async () => {
    grafana();
    backend.routes['POST /api/v1/provisioning/contact-points'] = () => {
      another();
      return { refuse: 400, data: {} };
    };
    await expect(createContactPoint(request, watch)).rejects.toThrow();
    expect(names()).toEqual([tokenName('mail', 9)]);
  });
});

it('a contact point by hand gets a secret of its own, and keeps what it was given', async () => {
  grafana();
  saved.secrets.webhookSecret = 'by hand';
  const settings = {
    url: 'https://grafana.example.com/api/datasources/uid/mail/resources/alerts?to={{ .CommonLabels.owner | urlquery }}',
    message: 'text',
    username: 'user',
    password: '[REDACTED]',
  };
  backend.alerting.contactPoints.push({
    uid: 'hand',
    name: 'Hand',
    type: 'webhook',
    disableResolveMessage: true,
    settings,
  });
  const [hand] = await points();
  await renewContactPoint('mail', hand, watch);
  expect(stored()[0]).toMatchObject({
    disableResolveMessage: true,
    settings: {
      message: 'text',
      url: expect.stringMatching(/alerts\?keyId=1&to={{ .CommonLabels.owner \| urlquery }}$/),
    },
  });
  expect(stored()[0].settings).not.toHaveProperty('password');
  expect(saved.secrets.webhookSecret).toBe('by hand');

  backend.alerting.contactPoints[0].settings.tlsConfig = { clientKey: '[REDACTED]' };
  await expect(renewContactPoint('mail', (await points())[0], watch)).rejects.toMatchObject({
    message: expect.stringContaining('further secrets'),
  });
});

// Each change may be the one whose answer is lost, carried out or not, and with it the next
// requests or all: the network fails, the browser is closed, Grafana stops.
describe.each([
  ['refused', 1],
  ['refused', 2],
  ['refused', Infinity],
  ['carried out', 1],
  ['carried out', 2],
  ['carried out', 3],
  ['carried out', Infinity],
])('the answer to any change is lost, which is %s, and those to %d requests,', (how, lost) => {
  /** breakOff loses answers from the nth change from now; it says whether there were as many. */
  function breakOff(nth: number): () => boolean {
    let changes = 0;
    let left = lost;
    const fetch = backend.fetch;
    backend.fetch = (asked) => {
      const isChange = asked.method !== 'GET' && !/resources\/(key|grafana)$/.test(asked.url);
      changes += isChange ? 1 : 0;
      if (changes < nth || left <= 0) {
        return fetch(asked);
      }
      if (isChange && how === 'carried out' && changes === nth) {
        fetch(asked);
      }
      left--;
      return fetch({ ...asked, method: 'GET', url: '/dead' });
    };
    return () => {
      backend.fetch = fetch;
      return changes >= nth;
    };
  }

  const works: Array<[string, () => Promise<unknown>]> = [
    ['creating', () => createContactPoint({ ...request, name: 'Another' }, watch)],
    ['renewing', async () => renewContactPoint('mail', (await points())[0], watch)],
    ['deleting', async () => removeContactPoint('mail', (await points())[0], watch)],
    ['removing what is left', async () => removeLeftovers('mail', (await readOverview('mail')).leftovers, watch)],
  ];

  it.each(works)('%s refuses no alert, and leaves nothing that is not found again', async (name, work) => {
    for (let nth = 1; ; nth++) {
      grafana();
      await createContactPoint(request, watch);
      if (name === 'removing what is left') {
        await renewContactPoint('mail', (await points())[0], watch);
      }
      const before = name === 'removing what is left' ? [] : stored(); // what the Alertmanager still uses
      const restore = breakOff(nth);
      await outcomeOf(work());
      const wasBroken = restore();

      const isThere = (one: Stored) => stored().some(({ uid }) => uid === one.uid);
      expect([...stored(), ...before.filter(isThere)].filter((one) => !isTaken(one))).toEqual([]);

      // The next visit, when Grafana's Alertmanager has read the change.
      backend.alerting.accounts.forEach(({ tokens }) =>
        tokens.forEach((one) => (one.created = new Date(0).toISOString())),
      );
      const { leftovers, removable } = await readOverview('mail');
      expect(removable).toBe(
        leftovers.length + stored().length > 0 && backend.alerting.accounts[0]?.tokens.length ? GRACE : 0,
      );
      if (leftovers.length > 0) {
        await removeLeftovers('mail', leftovers, watch);
      }
      expect(orphans()).toEqual([]);
      expect(stored().filter((one) => !isTaken(one))).toEqual([]);
      if (!wasBroken) {
        expect(nth).toBeGreaterThan(1);
        return;
      }
    }
  });
});
