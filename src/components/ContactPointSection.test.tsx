import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router-dom-v5-compat';
import { escapeRegex } from '@grafana/data';
import { config as grafana, type BackendSrvRequest } from '@grafana/runtime';
import { readSettings } from '../service';
import { backend } from '../test/backend';
import { provisioned } from '../test/provisioned';
import { ContactPointSection } from './ContactPointSection';
import type { Config } from './useConfig';

const source = '/api/datasources/uid/nhncloud-email';
const all = {
  'serviceaccounts:read': true,
  'serviceaccounts:create': true,
  'serviceaccounts:write': true,
  'datasources:write': true,
  'alert.provisioning:write': true,
  'alert.provisioning:read': true,
};

const config = (more: Partial<Config>): Config => ({
  jsonData: {},
  settings: readSettings({}),
  saved: readSettings({}),
  readOnly: false,
  set: jest.fn(),
  type: jest.fn(),
  wrong: () => [],
  secret: () => ({ isConfigured: false, value: '', set: jest.fn(), reset: jest.fn() }),
  error: () => undefined,
  touch: jest.fn(),
  tested: jest.fn(),
  errors: {},
  changed: false,
  ready: true,
  savedElsewhere: jest.fn(),
  ...more,
});

interface Options {
  permissions?: Record<string, boolean>;
  config?: Partial<Config>;
  name?: string;
  /** Done before the page is opened. */
  before?: () => void;
  /** Called when the form around the section is submitted. */
  around?: () => void;
}

let secrets: Record<string, string>;

async function open({ permissions = all, config: more = {}, name = 'NHN Cloud Email', before, around }: Options = {}) {
  Object.assign(grafana, { appUrl: 'https://grafana.example.com/', bootData: { user: { permissions } } });
  secrets = {};
  backend.reset({
    [`GET ${source}`]: () => ({
      uid: 'nhncloud-email',
      secureJsonFields: Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, value !== ''])),
    }),
    [`PUT ${source}`]: ({ data }: BackendSrvRequest) => {
      Object.assign(secrets, data.secureJsonData);
      return { datasource: { version: 9 } };
    },
    [`POST ${source}/resources/grafana`]: {},
    [`POST ${source}/resources/key`]: ({ data }: BackendSrvRequest) => ({ query: `${data.query}&key=abc` }),
    'POST /api/alertmanager/grafana/config/api/v1/receivers/test': {
      receivers: [{ grafana_managed_receiver_configs: [{ status: 'ok' }] }],
    },
  });
  before?.();
  const form = config(more);
  render(
    <MemoryRouter>
      <form onSubmit={around}>
        <ContactPointSection config={form} uid="nhncloud-email" name={name} />
      </form>
    </MemoryRouter>,
  );
  await waitFor(() => expect(screen.queryByTestId('Spinner')).not.toBeInTheDocument());
  return { form, user: userEvent.setup({ delay: null }), alerting: backend.alerting };
}

async function create(user: ReturnType<typeof userEvent.setup>, name?: string) {
  const button = await screen.findByRole('button', { name: 'Create a contact point' });
  await waitFor(() => expect(button).toBeEnabled());
  await user.click(button);
  if (name) {
    await user.clear(screen.getByLabelText('Name'));
    await user.paste(name);
  }
  const called = screen.getByLabelText<HTMLInputElement>('Name').value;
  await user.click(screen.getByRole('button', { name: 'Create' }));
  await screen.findByText(`The contact point ${called} was created.`);
}

/** known is a contact point that was made before. */
const known =
  (more: object = {}) =>
  () => {
    secrets.webhookSecret1 = 'hush';
    backend.alerting.contactPoints.push({
      uid: 'known',
      name: 'Pager',
      type: 'webhook',
      disableResolveMessage: false,
      settings: { url: `https://grafana.example.com${source}/resources/alerts?keyId=1&key=abc` },
      ...more,
    });
    const tokens = [{ id: 1, name: 'NHN Cloud Email nhncloud-email 1', created: '2026-01-01T00:00:00Z', key: 'glsa' }];
    backend.alerting.accounts.push({
      id: 7,
      name: 'NHN Cloud Email nhncloud-email',
      role: 'Viewer',
      isDisabled: false,
      tokens,
    });
  };

it('asks, creates, shows each step, and lists what it made, for a test', async () => {
  const { form, user } = await open();
  await create(user);
  for (const step of ['Address of Grafana', 'Service account', 'Token', 'Signing secret saved with the data source']) {
    expect(screen.getByText(new RegExp(`${step}: done`))).toBeInTheDocument();
  }
  expect(form.savedElsewhere).toHaveBeenCalledWith(9, undefined);
  await user.click(await screen.findByRole('button', { name: 'Send a test notification' }));
  expect(await screen.findByText('The test notification was mailed.')).toBeInTheDocument();
  // The next one has another name, for this one is taken.
  await user.click(screen.getByRole('button', { name: 'Create a contact point' }));
  expect(screen.getByLabelText('Name')).toHaveValue('NHN Cloud Email 2');
});

it('is created with Enter, by which the form around it is not saved', async () => {
  const saved = jest.fn();
  const { user } = await open({ around: saved });
  await user.click(await screen.findByRole('button', { name: 'Create a contact point' }));
  expect(screen.getByLabelText('Name')).toHaveFocus();
  await user.keyboard('{Enter}');
  await screen.findByText('The contact point NHN Cloud Email was created.');
  expect(saved).not.toHaveBeenCalled();
});

describe('the token for charts', () => {
  it('is made where it is asked for, and saved with the address of Grafana', async () => {
    const { form, user, alerting } = await open();
    await user.click(await screen.findByRole('button', { name: 'Create a contact point' }));
    await user.click(screen.getByRole('checkbox', { name: /Show charts in the mail/ }));
    await user.click(screen.getByRole('button', { name: 'Create' }));
    await screen.findByText('The contact point NHN Cloud Email was created.');
    expect(screen.getByText('Token for charts: done')).toBeInTheDocument();
    const token = alerting.accounts[0].tokens.find(({ name }) => name === 'NHN Cloud Email nhncloud-email charts');
    expect(secrets.grafanaToken).toBe(token?.key);
    expect(form.savedElsewhere).toHaveBeenLastCalledWith(9, {
      jsonData: { grafanaUrl: 'https://grafana.example.com/' },
      secureJsonFields: { grafanaToken: true },
    });
    // It is no leftover of a contact point.
    expect(screen.queryByText(/no contact point uses/)).not.toBeInTheDocument();
  });

  it('is not offered where there is one', async () => {
    const secret = { isConfigured: true, value: '', set: jest.fn(), reset: jest.fn() };
    const { user } = await open({ config: { secret: () => secret } });
    await user.click(await screen.findByRole('button', { name: 'Create a contact point' }));
    expect(screen.queryByRole('checkbox')).not.toBeInTheDocument();
  });

  it('leaves the contact point alone when Grafana refuses it', async () => {
    const { user, alerting } = await open();
    await user.click(await screen.findByRole('button', { name: 'Create a contact point' }));
    await user.click(screen.getByRole('checkbox', { name: /Show charts in the mail/ }));
    let saves = 0;
    const put = backend.routes[`PUT ${source}`] as (request: BackendSrvRequest) => unknown;
    backend.routes[`PUT ${source}`] = (request: BackendSrvRequest) =>
      ++saves === 2 ? { refuse: 403, data: { message: 'Access denied' } } : put(request);
    await user.click(screen.getByRole('button', { name: 'Create' }));
    expect(await screen.findByText(/You need the permission datasources:write/)).toBeInTheDocument();
    expect(screen.getByText('Contact point: done')).toBeInTheDocument();
    expect(screen.getByText('Token for charts: failed')).toBeInTheDocument();
    expect(alerting.accounts[0].tokens.map(({ name }) => name)).toEqual(['NHN Cloud Email nhncloud-email 1']);
    expect(await screen.findByRole('link', { name: 'NHN Cloud Email' })).toBeInTheDocument();
  });
});

it.each(['queued', 'sending'])('says of a test whose mail is %s not that it was mailed', async (status) => {
  const { user } = await open({ before: known() });
  backend.routes[`GET ${source}/resources/deliveries?limit=1`] = { deliveries: [{ id: '1', status, mailType: '' }] };
  await user.click(await screen.findByRole('button', { name: 'Send a test notification' }));
  expect(await screen.findByText(/The test notification is queued/)).toBeInTheDocument();
  expect(screen.queryByText('The test notification was mailed.')).not.toBeInTheDocument();
});

it('names things after the purpose of a data source that nobody has named', async () => {
  const { user } = await open({ name: 'nhncloud-email-datasource' });
  await create(user);
  expect(await screen.findByRole('link', { name: 'NHN Cloud Email' })).toBeInTheDocument();
});

describe('the second visit', () => {
  it('shows the contact points of this data source, and how they are doing', async () => {
    await open({
      before: () => {
        known()();
        backend.alerting.contactPoints.push(
          {
            uid: 'a',
            name: 'Elsewhere',
            type: 'webhook',
            disableResolveMessage: false,
            settings: { url: 'https://example.com/' },
          },
          { uid: 'b', name: 'Other', type: 'email', disableResolveMessage: false, settings: { url: '' } },
        );
        backend.alerting.last.Pager = {
          at: '2026-11-30T00:00:00Z',
          error: 'webhook response status 502 Bad Gateway: {"error":"the relay refuses the sender","hint":"Check it."}',
        };
      },
    });
    expect(await screen.findByRole('link', { name: 'Pager' })).toBeInTheDocument();
    expect(screen.getByText('Failed')).toBeInTheDocument();
    expect(screen.getByText('the relay refuses the sender')).toBeInTheDocument();
    expect(screen.queryByRole('link', { name: 'Elsewhere' })).not.toBeInTheDocument();
    expect(screen.queryByText(/no contact point uses/)).not.toBeInTheDocument();
  });

  it('renews token and secret, and has the old ones accepted for a while', async () => {
    const { user, alerting } = await open({ before: known() });
    await user.click(await screen.findByRole('button', { name: 'Renew token and secret' }));
    await user.click(screen.getByRole('button', { name: 'Renew' }));
    expect(await screen.findByText('Token and secret of Pager were renewed.')).toBeInTheDocument();
    expect(alerting.contactPoints[0].settings.url).toContain('keyId=2&key=abc');
    expect(Object.keys(secrets).filter((key) => secrets[key])).toEqual(['webhookSecret1', 'webhookSecret2']);
    expect(await screen.findByText(/no contact point uses any more: number 1/)).toBeInTheDocument();
    expect(screen.getByText(/Then this page removes them/)).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Remove' })).toBeDisabled();
  });

  it('offers to remove what an earlier visit left', async () => {
    const { user, alerting } = await open({
      before: () => {
        known()();
        leftToken(backend.alerting);
        secrets.webhookSecret3 = 'left';
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Remove' }));
    await waitFor(() => expect(alerting.accounts[0].tokens.map(({ id }) => id)).toEqual([1]));
    await waitFor(() => expect(secrets.webhookSecret3).toBe(''));
  });

  it('deletes only what nothing uses, after it has asked', async () => {
    const { user, alerting } = await open({
      before: () => {
        known()();
        backend.alerting.policies = {
          receiver: 'grafana-default-email',
          routes: [{ receiver: 'Pager', object_matchers: [['team', '=', 'database']] }],
        };
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Delete Pager' }));
    const dialog = within(await screen.findByRole('dialog'));
    expect(await dialog.findByText('Notification policy for team = database')).toBeInTheDocument();
    expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled();
    await user.click(dialog.getByRole('button', { name: 'Cancel' }));

    alerting.policies = { receiver: 'grafana-default-email' };
    await user.click(await screen.findByRole('button', { name: 'Delete Pager' }));
    const again = within(await screen.findByRole('dialog'));
    expect(await again.findByText('No notification policy and no alert rule sends to it.')).toBeInTheDocument();
    await user.click(again.getByRole('button', { name: 'Delete' }));
    expect(await screen.findByText('The contact point Pager was deleted.')).toBeInTheDocument();
    expect([alerting.contactPoints, alerting.accounts, secrets.webhookSecret1]).toEqual([[], [], '']);
  });

  it('leaves to its origin what is provisioned', async () => {
    await open({ before: known({ provenance: 'file' }) });
    expect(await screen.findByText('It is provisioned: change it where it is defined.')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Send a test notification' })).toBeEnabled();
    expect(screen.getByRole('button', { name: 'Delete Pager' })).toHaveAttribute('aria-disabled', 'true');
  });

  it('says that a signing secret is gone', async () => {
    await open({
      before: () => {
        known()();
        delete secrets.webhookSecret1;
      },
    });
    expect(await screen.findByText(/no longer has its signing secret/)).toBeInTheDocument();
  });
});

describe('without permission', () => {
  it('there are the list, what is missing, and the code', async () => {
    await open({ permissions: { ...all, 'serviceaccounts:create': false }, before: known() });
    expect(await screen.findByRole('link', { name: 'Pager' })).toBeInTheDocument();
    expect(screen.getAllByText(/Missing: serviceaccounts:create\./)).not.toEqual([]);
    expect(screen.getByRole('button', { name: 'Create a contact point' })).toBeDisabled();
    expect(screen.getByRole('button', { name: 'As YAML or Terraform' })).toBeEnabled();
  });

  it('to read contact points, that is said', async () => {
    await open({
      before: () =>
        (backend.routes['GET /api/v1/provisioning/contact-points'] = {
          refuse: 403,
          data: { message: 'Access denied' },
        }),
    });
    expect(await screen.findByText(/alert.notifications.receivers:read/)).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Create a contact point' })).toBeDisabled();
  });
});

it.each<[string, Partial<Config>]>([
  ['are saved', { ready: false }],
  ['are saved as they are', { changed: true }],
  ['are valid', { errors: { maxConnections: 'Maximum connections is 99' } }],
])('is not offered before settings %s', async (_, more) => {
  await open({ config: more });
  // What is missing at first is said above, where a mail is tested.
  expect(screen.queryAllByText(/first press Save & test/)).toHaveLength(more.ready === false ? 0 : 1);
  expect(await screen.findByRole('button', { name: 'Create a contact point' })).toBeDisabled();
});

it('of a provisioned data source is to be provisioned: as YAML or Terraform', async () => {
  const { user } = await open({ config: { readOnly: true } });
  expect(await screen.findByRole('button', { name: 'Create a contact point' })).toBeDisabled();
  await user.click(screen.getByRole('button', { name: 'As YAML or Terraform' }));
  expect(screen.getByText(/contactPoints:/)).toBeInTheDocument();
  await user.click(screen.getByRole('tab', { name: 'Terraform' }));
  expect(screen.getByText(/resource "grafana_contact_point"/)).toBeInTheDocument();
});

describe('the alert rule', () => {
  const rule = 'Create the rule "Mail is not going out"';
  const ask = async (user: ReturnType<typeof userEvent.setup>) => {
    const button = await screen.findByRole('button', { name: rule });
    await waitFor(() => expect(button).toBeEnabled());
    await user.click(button);
    return within(await screen.findByRole('dialog'));
  };
  const choose = async (user: ReturnType<typeof userEvent.setup>, name: string) => {
    await user.click(screen.getByRole('combobox', { name: /Contact point that tells about it/ }));
    await user.click(await screen.findByRole('option', { name }));
  };

  it('is offered before there is a contact point, and after it', async () => {
    const { user } = await open();
    await waitFor(() => expect(screen.getByRole('button', { name: rule })).toBeEnabled());
    await create(user);
    expect(screen.getByRole('link', { name: 'Open the notification policies' })).toHaveAttribute(
      'href',
      expect.stringMatching(/\/alerting\/routes$/),
    );
    expect(screen.getByRole('button', { name: rule })).toBeEnabled();
  });

  it('is that of the provisioning sample, and goes to whom the user says', async () => {
    const { user, alerting } = await open({ before: known() });
    const dialog = await ask(user);
    expect(dialog.getByRole('button', { name: 'Create' })).toBeDisabled();
    await choose(user, 'Pager');
    expect(dialog.getByText(/This contact point mails through this data source/)).toBeInTheDocument();
    await choose(user, 'As the notification policies say');
    expect(dialog.getByText(/If the policies send it through this data source/)).toBeInTheDocument();
    await user.click(dialog.getByRole('button', { name: 'Create' }));
    expect(await screen.findByText(/The alert rule was created/)).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: rule })).not.toBeInTheDocument();

    expect(alerting.folders).toMatchObject([{ title: 'NHN Cloud Email' }]);
    const { folderUID: _, ruleGroup, uid: __, ...made } = alerting.rules[0];
    const sample = provisioned('mail-not-going-out.yaml').replace('params: [300]', '0: 300');
    for (const setting of settingsOf({ ...made, name: ruleGroup })) {
      expect(sample).toMatch(new RegExp(`[ {]${escapeRegex(setting)}[,\\n ]`));
    }
  });

  it('goes to a contact point directly', async () => {
    const { user, alerting } = await open({
      before: () => {
        known()();
        backend.alerting.contactPoints.push({
          uid: 'b',
          name: 'Chat',
          type: 'slack',
          disableResolveMessage: false,
          settings: { url: '' },
        });
      },
    });
    const dialog = await ask(user);
    await choose(user, 'Chat');
    await user.click(dialog.getByRole('button', { name: 'Create' }));
    await screen.findByText(/The alert rule was created/);
    expect(alerting.rules[0].notification_settings).toEqual({ receiver: 'Chat' });
  });

  it.each(['nhncloud-email-not-going-out', 'provisioned'])('that is there is not offered again: %s', async (uid) => {
    await open({
      before: () => {
        backend.alerting.folders.push({ uid: 'folder', title: 'NHN Cloud Email' });
        backend.alerting.rules.push({
          uid,
          title: '',
          folderUID: 'folder',
          ruleGroup: '',
          data: [{ datasourceUid: 'nhncloud-email', model: { queryType: 'queue' } }],
        });
      },
    });
    expect(await screen.findByText(/There is a rule that tells when mail is not going out/)).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: rule })).not.toBeInTheDocument();
  });
});

/** leftToken adds a token that no contact point has. */
function leftToken(alerting: typeof backend.alerting) {
  const name = 'NHN Cloud Email nhncloud-email 3';
  alerting.accounts[0].tokens.push({ id: 3, name, created: '2026-01-01T00:00:00Z', key: 'left' });
}

/** settingsOf lists what a structure says as "key: value"; model.datasource only helps Grafana's rule editor. */
function settingsOf(tree: object): string[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    if (key === 'datasource') {
      return [];
    }
    return typeof value === 'object' ? settingsOf(value) : [`${key}: ${value}`];
  });
}
