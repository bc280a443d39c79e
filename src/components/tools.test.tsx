import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router-dom-v5-compat';
import { escapeRegex } from '@grafana/data';
import { config as grafana, HealthStatus, type BackendSrvRequest } from '@grafana/runtime';
import type { Handshake } from '../api';
import { reportHealth } from '../health';
import { readSettings } from '../service';
import { backend } from '../test/backend';
import { provisioned } from '../test/provisioned';
import type { EmailJsonData } from '../types';
import { ContactPointSection } from './ContactPointSection';
import { DiagnoseSection } from './DiagnoseSection';
import { HealthSection } from './HealthSection';
import { inScheme, PreviewSection } from './PreviewSection';
import { SendTestSection } from './SendTestSection';
import type { Config } from './useConfig';

const resources = '/api/datasources/uid/mail/resources';

const config = (jsonData: EmailJsonData, more: Partial<Config> = {}): Config => ({
  jsonData,
  settings: readSettings(jsonData),
  readOnly: false,
  set: jest.fn(),
  type: jest.fn(),
  wrong: () => [],
  secret: () => ({ isConfigured: false, value: '', set: jest.fn(), reset: jest.fn() }),
  error: () => undefined,
  touch: jest.fn(),
  errors: {},
  savedElsewhere: jest.fn(),
  ...more,
});

/** settingsOf lists what a structure says as "key: value"; model.datasource only helps Grafana's rule editor. */
const settingsOf = (tree: object): string[] =>
  Object.entries(tree).flatMap(([key, value]) => {
    if (key === 'datasource') {
      return [];
    }
    return typeof value === 'object' ? settingsOf(value) : [`${key}: ${value}`];
  });

const good: Handshake = {
  host: 'smtp-mail.nhncloudservice.com',
  port: 587,
  mode: 'starttls',
  stages: [
    { name: 'dial', durationMs: 12, outcome: 'passed' },
    { name: 'auth', durationMs: 8, outcome: 'passed', reply: '235 Authentication Successful' },
  ],
  tls: {
    version: 'TLS 1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    certificate: {
      subject: 'CN=relay',
      issuer: 'CN=authority',
      dnsNames: ['relay'],
      notBefore: '2026-01-01T00:00:00Z',
      notAfter: '2027-02-03T00:00:00Z',
    },
  },
  mechanism: 'PLAIN',
};

const bad: Handshake = {
  ...good,
  stages: [
    { name: 'dial', durationMs: 12, outcome: 'passed' },
    { name: 'auth', durationMs: 8, outcome: 'failed', reply: '535 Authentication failed' },
    { name: 'quit', durationMs: 0, outcome: 'skipped' },
  ],
  mechanism: undefined,
  error: {
    stage: 'auth',
    code: 'refused',
    error: 'auth: 535 Authentication failed',
    hint: 'Check the SecretKey.',
  },
};

const user = () => userEvent.setup({ delay: null });
const row = (name: RegExp) => within(screen.getByRole('row', { name }));

describe('Save & test', () => {
  it('shows nothing before the first test, then each step of it', () => {
    render(<HealthSection uid="one" />);
    expect(screen.queryByRole('table')).not.toBeInTheDocument();

    act(() => reportHealth('another', { status: HealthStatus.OK, message: '', details: { report: good } }));
    expect(screen.queryByRole('table')).not.toBeInTheDocument();

    const outbox = { available: true, durable: false, backend: 'memory' };
    act(() =>
      reportHealth('one', {
        status: HealthStatus.OK,
        message: '',
        details: { report: good, outbox, warnings: [{ hint: 'Not durable' }] },
      }),
    );
    expect(row(/^Authentication/).getByText('Passed')).toBeInTheDocument();
    expect(row(/^Authentication/).getByText('235 Authentication Successful')).toBeInTheDocument();
    expect(screen.getByText('TLS 1.3, TLS_AES_128_GCM_SHA256')).toBeInTheDocument();
    expect(
      screen.getByText('Certificate of CN=relay, signed by CN=authority, valid until 2027-02-03'),
    ).toBeInTheDocument();
    expect(screen.getByText('Mechanism: PLAIN')).toBeInTheDocument();
    expect(screen.getByText(/lost when Grafana stops/)).toBeInTheDocument();
    expect(screen.getByText('Not durable')).toBeInTheDocument();
  });

  it('says which step failed, the words of the relay and the remedy', () => {
    render(<HealthSection uid="two" />);
    act(() => reportHealth('two', { status: HealthStatus.Error, message: '', details: { report: bad } }));
    expect(screen.getByText('Failed at: Authentication')).toBeInTheDocument();
    expect(screen.getByText('Check the SecretKey.')).toBeInTheDocument();
    expect(row(/^Authentication/).getByText('535 Authentication failed')).toBeInTheDocument();
    expect(row(/^QUIT/).getByText('Not reached')).toBeInTheDocument();
  });
});

describe('Diagnose', () => {
  const routes = Object.fromEntries(
    [
      ['starttls', 587, bad],
      ['starttls', 25, bad],
      ['starttls', 2587, good],
      ['tlsWrapper', 465, good],
      ['tlsWrapper', 2465, bad],
    ].map(([mode, port, report]) => [
      `POST ${resources}/diagnose?mode=${mode}&port=${port}`,
      { endpoints: [{ mode, port, report }] },
    ]),
  );

  it('tries all five ports, shows each answer, and takes over one that works', async () => {
    backend.reset({
      ...routes,
      [`POST ${resources}/diagnose?mode=starttls&port=25`]: { refuse: 500, data: { error: 'settings are not valid' } },
    });
    const form = config({});
    render(<DiagnoseSection config={form} uid="mail" />);
    const u = user();
    await u.click(screen.getByRole('button', { name: 'Try all ports' }));

    await waitFor(() => expect(screen.getAllByText(/^Works \(20 ms\)/)).toHaveLength(2));
    expect(row(/^25 /).getByText(/settings are not valid/)).toBeInTheDocument();
    expect(row(/^587 /).getByText(/535 Authentication failed/)).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'Use port 587' })).not.toBeInTheDocument();

    await u.click(screen.getByRole('button', { name: 'Details of port 587' }));
    expect(screen.getByText('Failed at: Authentication')).toBeInTheDocument();
    await u.click(screen.getByRole('button', { name: 'Use port 465' }));
    expect(form.set).toHaveBeenCalledWith({ portMode: 'tlsWrapper', port: 465 });
  });

  it('changes nothing of a provisioned data source', async () => {
    backend.reset(routes);
    render(<DiagnoseSection config={config({}, { readOnly: true })} uid="mail" />);
    await user().click(screen.getByRole('button', { name: 'Try all ports' }));
    await waitFor(() => expect(screen.getAllByText(/^Works/)).toHaveLength(2));
    expect(screen.queryByRole('button', { name: /^Use/ })).not.toBeInTheDocument();
  });
});

describe('Send test mail', () => {
  it('shows the reply of the relay for each recipient', async () => {
    backend.reset({
      [`POST ${resources}/test`]: {
        status: 'sent',
        reply: '250 queued as 42',
        accepted: ['a@example.com'],
        rejected: [{ address: 'b@example.com', code: 550, message: '550 no such user' }],
      },
    });
    render(<SendTestSection uid="mail" />);
    const u = user();
    await u.click(screen.getByLabelText(/^Recipient/));
    await u.paste('a@example.com');
    await u.click(screen.getByRole('button', { name: 'Send' }));
    expect(await screen.findByText('250 queued as 42')).toBeInTheDocument();
    expect(screen.getByText('550 no such user')).toBeInTheDocument();
    expect(backend.requests[0].data).toEqual({ to: 'a@example.com' });
  });

  it('goes out on Enter, which does not save the form around it', async () => {
    backend.reset({ [`POST ${resources}/test`]: { status: 'sent', reply: '250 queued as 42' } });
    const save = jest.fn();
    render(
      <form onSubmit={save}>
        <SendTestSection uid="mail" />
        <button type="submit">Save & test</button>
      </form>,
    );
    await user().type(screen.getByLabelText(/^Recipient/), 'a@example.com{Enter}');
    await waitFor(() => expect(backend.requests[0]?.data).toEqual({ to: 'a@example.com' }));
    expect(save).not.toHaveBeenCalled();
  });

  it('stays here on the Enter that ends a composition', () => {
    backend.reset({ [`POST ${resources}/test`]: { status: 'sent' } });
    render(<SendTestSection uid="mail" />);
    const to = screen.getByLabelText(/^Recipient/);
    fireEvent.change(to, { target: { value: 'a@example.com' } });
    fireEvent.keyDown(to, { key: 'Enter', isComposing: true });
    expect(backend.requests).toEqual([]);
  });

  it('shows what was wrong and the remedy', async () => {
    backend.reset({
      [`POST ${resources}/test`]: {
        refuse: 502,
        data: { error: 'auth: 535', code: 'refused', hint: 'Check the SecretKey.' },
      },
    });
    render(<SendTestSection uid="mail" />);
    await user().click(screen.getByRole('button', { name: 'Send' }));
    expect(await screen.findByText('auth: 535')).toBeInTheDocument();
    expect(screen.getByText('Check the SecretKey.')).toBeInTheDocument();
    expect(backend.requests[0].data).toEqual({});
  });
});

describe('Preview', () => {
  const mail = ({ data }: BackendSrvRequest) => ({
    subject: `subject in ${data.settings.language}`,
    text: `template ${data.settings.textTemplate}`,
    html: '<p>mail</p><script>alert(1)</script>',
    mail: '',
  });

  it('follows templates that are not saved, and the language chosen', async () => {
    backend.reset({ [`POST ${resources}/preview`]: mail });
    const { rerender } = render(<PreviewSection config={config({ textTemplate: 'one' })} uid="mail" />);
    const u = user();
    await u.click(screen.getByRole('button', { name: 'Show the preview' }));
    expect(await screen.findByText('subject in en')).toBeInTheDocument();
    await u.click(screen.getByRole('tab', { name: 'Plain text' }));
    expect(screen.getByText('template one')).toBeInTheDocument();

    rerender(<PreviewSection config={config({ textTemplate: 'two' })} uid="mail" />);
    expect(await screen.findByText('template two')).toBeInTheDocument();
    await u.click(screen.getByLabelText('한국어'));
    expect(await screen.findByText('subject in ko')).toBeInTheDocument();
  });

  it('shows the mail in a frame that runs nothing', async () => {
    backend.reset({ [`POST ${resources}/preview`]: mail });
    render(<PreviewSection config={config({})} uid="mail" />);
    await user().click(screen.getByRole('button', { name: 'Show the preview' }));
    const frame = await screen.findByTitle('The mail');
    expect(frame).toHaveAttribute('sandbox', '');
  });

  it('shows where a template is wrong', async () => {
    backend.reset({
      [`POST ${resources}/preview`]: { refuse: 422, data: { error: 'htmlTemplate:1: unclosed action' } },
    });
    render(<PreviewSection config={config({})} uid="mail" />);
    await user().click(screen.getByRole('button', { name: 'Show the preview' }));
    expect(await screen.findByText('htmlTemplate:1: unclosed action')).toBeInTheDocument();
  });

  it('imitates a client in the chosen color scheme', () => {
    const css = '@media (prefers-color-scheme: dark) { a } @media (prefers-color-scheme:light) { b }';
    expect(inScheme(css, 'dark')).toBe('@media (min-width: 0) { a } @media (max-width: 0) { b }');
    expect(inScheme(css, 'light')).toBe('@media (max-width: 0) { a } @media (min-width: 0) { b }');
  });
});

describe('Contact point', () => {
  const permissions = {
    'serviceaccounts:create': true,
    'serviceaccounts:write': true,
    'datasources:write': true,
    'alert.provisioning:write': true,
  };
  const allow = (granted: Record<string, boolean>) =>
    Object.assign(grafana, { appUrl: 'https://grafana.example.com/', bootData: { user: { permissions: granted } } });

  /** create asks for a contact point of the data source nhncloud-email. */
  async function create() {
    allow(permissions);
    backend.reset({
      'POST /api/serviceaccounts': { id: 7 },
      'POST /api/serviceaccounts/7/tokens': { key: 'glsa' },
      'POST /api/datasources/uid/nhncloud-email/resources/key': { query: 'key=abc' },
      'GET /api/v1/provisioning/contact-points?name=NHN%20Cloud%20Email': [],
      'POST /api/v1/provisioning/contact-points': { uid: 'cp' },
      'GET /api/datasources/uid/nhncloud-email': { uid: 'nhncloud-email' },
      'PUT /api/datasources/uid/nhncloud-email': { datasource: { version: 9 } },
      'POST /api/alertmanager/grafana/config/api/v1/receivers/test': {
        receivers: [{ grafana_managed_receiver_configs: [{ status: 'ok' }] }],
      },
      'GET /api/folders': [{ uid: 'folder', title: 'NHN Cloud Email' }],
      'POST /api/v1/provisioning/alert-rules': { uid: 'rule' },
    });
    const form = config({});
    render(
      <MemoryRouter>
        <ContactPointSection config={form} uid="nhncloud-email" name="NHN Cloud Email" />
      </MemoryRouter>,
    );
    const u = user();
    await u.click(screen.getByRole('button', { name: 'Create a contact point' }));
    expect(backend.requests).toEqual([]);
    expect(screen.getByLabelText('Name')).toHaveValue('NHN Cloud Email');
    await u.click(screen.getByRole('button', { name: 'Create' }));
    expect(await screen.findByText('The contact point NHN Cloud Email was created.')).toBeInTheDocument();
    return { form, user: u };
  }

  it('asks, creates, shows each step, and offers a test', async () => {
    const { form, user } = await create();
    expect(screen.getByText(/Signing secret saved with the data source: done/)).toBeInTheDocument();
    expect(form.savedElsewhere).toHaveBeenCalledWith(9, 'webhookSecret');
    await user.click(screen.getByRole('button', { name: 'Send a test notification' }));
    expect(await screen.findByText('The test notification was mailed.')).toBeInTheDocument();
  });

  it.each(['queued', 'sending'])('says of a test whose mail is %s not that it was mailed', async (status) => {
    const { user } = await create();
    backend.routes['GET /api/datasources/uid/nhncloud-email/resources/deliveries?limit=1'] = {
      deliveries: [{ id: '1', status, mailType: '' }],
    };
    await user.click(screen.getByRole('button', { name: 'Send a test notification' }));
    expect(await screen.findByText(/The test notification is queued/)).toBeInTheDocument();
    expect(screen.queryByText('The test notification was mailed.')).not.toBeInTheDocument();
  });

  it('says of a second contact point not that it was tested', async () => {
    const { user } = await create();
    await user.click(screen.getByRole('button', { name: 'Send a test notification' }));
    await screen.findByText('The test notification was mailed.');
    backend.routes['GET /api/v1/provisioning/contact-points?name=Other'] = [];
    await user.click(screen.getByRole('button', { name: 'Create a contact point' }));
    await user.clear(screen.getByLabelText('Name'));
    await user.type(screen.getByLabelText('Name'), 'Other'); // Grafana 13 moves the focus meanwhile
    await user.click(screen.getByRole('button', { name: 'Create' }));
    expect(await screen.findByText('The contact point Other was created.')).toBeInTheDocument();
    expect(screen.queryByText('The test notification was mailed.')).not.toBeInTheDocument();
  });

  it('offers the alert rule of the provisioning sample', async () => {
    const { user } = await create();
    await user.click(screen.getByRole('button', { name: 'Create the alert rule' }));
    expect(await screen.findByText('The alert rule was created.')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Create the alert rule' })).toBeDisabled();

    const { folderUID, ruleGroup, ...rule } = backend.requests.at(-1)?.data as Record<string, unknown>;
    expect(folderUID).toBe('folder');
    const sample = provisioned('mail-not-going-out.yaml').replace('params: [300]', '0: 300');
    for (const setting of settingsOf({ ...rule, name: ruleGroup })) {
      expect(sample).toMatch(new RegExp(`[ {]${escapeRegex(setting)}[,\\n ]`));
    }
  });

  it('says which permissions are missing', () => {
    allow({ ...permissions, 'serviceaccounts:create': false });
    render(<ContactPointSection config={config({})} uid="mail" name="Mail" />);
    expect(screen.getByText(/Missing: serviceaccounts:create\./)).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Create a contact point' })).toBeDisabled();
  });

  it('of a provisioned data source is to be provisioned: as YAML or Terraform', async () => {
    allow(permissions);
    render(<ContactPointSection config={config({}, { readOnly: true })} uid="mail" name="Mail" />);
    expect(screen.getByRole('button', { name: 'Create a contact point' })).toBeDisabled();
    const u = user();
    await u.click(screen.getByRole('button', { name: 'As YAML or Terraform' }));
    expect(screen.getByText(/contactPoints:/)).toBeInTheDocument();
    await u.click(screen.getByRole('tab', { name: 'Terraform' }));
    expect(screen.getByText(/resource "grafana_contact_point"/)).toBeInTheDocument();
  });
});
