import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HealthStatus, type BackendSrvRequest } from '@grafana/runtime';
import type { Handshake } from '../api';
import { reportHealth } from '../health';
import { readSettings } from '../service';
import { backend } from '../test/backend';
import type { EmailJsonData } from '../types';
import { DiagnoseSection } from './DiagnoseSection';
import { HealthSection } from './HealthSection';
import { inScheme } from './MailFrame';
import { MessageSection } from './MessageSection';
import { PreviewSection } from './PreviewSection';
import { SendTestSection } from './SendTestSection';
import type { Config } from './useConfig';

const resources = '/api/datasources/uid/mail/resources';

const config = (jsonData: EmailJsonData, more: Partial<Config> = {}): Config => ({
  jsonData,
  settings: readSettings(jsonData),
  saved: readSettings(jsonData),
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
  it('shows nothing before the first test, then a line, and each step of it', async () => {
    render(<HealthSection config={config({})} uid="one" />);
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
    expect(
      screen.getByText(/^The relay smtp-mail.* accepts the credentials \(TLS 1.3, AUTH PLAIN\)/),
    ).toBeInTheDocument();
    expect(screen.getByText('Not durable')).toBeInTheDocument();
    expect(screen.queryByRole('table')).not.toBeInTheDocument();
    await user().click(screen.getByRole('button', { name: 'Every step' }));
    expect(row(/^Authentication/).getByText('Passed')).toBeInTheDocument();
    expect(row(/^Authentication/).getByText('235 Authentication Successful')).toBeInTheDocument();
    expect(screen.getByText('TLS 1.3, TLS_AES_128_GCM_SHA256')).toBeInTheDocument();
    expect(
      screen.getByText('Certificate of CN=relay, signed by CN=authority, valid until 2027-02-03'),
    ).toBeInTheDocument();
    expect(screen.getByText('Mechanism: PLAIN')).toBeInTheDocument();
    expect(screen.getByText(/lost when Grafana stops/)).toBeInTheDocument();
  });

  it('says which step failed, the words of the relay and the remedy', () => {
    render(<HealthSection config={config({})} uid="two" />);
    act(() => reportHealth('two', { status: HealthStatus.Error, message: '', details: { report: bad } }));
    expect(row(/^Authentication/).getByText('Failed')).toBeInTheDocument();
    expect(row(/^Authentication/).getByText('Check the SecretKey.')).toBeInTheDocument();
    expect(row(/^Authentication/).getByText('535 Authentication failed')).toBeInTheDocument();
    expect(row(/^Authentication/).getByText('auth: 535 Authentication failed')).not.toBeVisible();
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
    expect(row(/^587 /).getByText('Check the SecretKey.')).toBeInTheDocument();
    expect(row(/^587 /).getByText(/535 Authentication failed/)).not.toBeVisible();
    expect(screen.queryByRole('button', { name: 'Use port 587' })).not.toBeInTheDocument();

    await u.click(screen.getByRole('button', { name: 'Details of port 587' }));
    expect(row(/^Authentication/).getByText('Failed')).toBeInTheDocument();
    await u.click(screen.getByRole('button', { name: 'Use port 465' }));
    expect(form.set).toHaveBeenCalledWith({ portMode: 'tlsWrapper', port: 465 });
  });

  it('is not offered before there is something to try', () => {
    render(<DiagnoseSection config={config({}, { ready: false })} uid="mail" />);
    expect(screen.getByRole('button', { name: 'Try all ports' })).toBeDisabled();
    expect(screen.getByText(/^First enter the account/)).toBeInTheDocument();
  });

  it('says that it tries what is saved', () => {
    render(<DiagnoseSection config={config({}, { changed: true })} uid="mail" />);
    expect(screen.getByText(/^What you changed on this page is not saved/)).toBeInTheDocument();
  });

  it('changes nothing of a provisioned data source', async () => {
    backend.reset(routes);
    render(<DiagnoseSection config={config({}, { readOnly: true })} uid="mail" />);
    await user().click(screen.getByRole('button', { name: 'Try all ports' }));
    await waitFor(() => expect(screen.getAllByText(/^Works/)).toHaveLength(2));
    expect(screen.queryByRole('button', { name: /^Use/ })).not.toBeInTheDocument();
  });
});

describe('After a test that failed, another port', () => {
  const blocked = (stage: string, hintId: string) => ({
    ...good,
    stages: [{ name: stage, durationMs: 1, outcome: 'failed' }],
    error: { stage, error: `${stage}: i/o timeout`, hint: 'Try.', hintId },
  });
  let uid = '';
  beforeEach(() => void (uid = `blocked-${Math.random()}`)); // results stay as long as the page
  const failed = (form: Config, stage = 'dial', hintId = 'firewall') => {
    render(<HealthSection config={form} uid={uid} />);
    const details = { report: blocked(stage, hintId) };
    act(() => reportHealth(uid, { status: HealthStatus.Error, message: '', details }));
  };
  const answers = (works: string[]) =>
    backend.reset(
      Object.fromEntries(
        [
          'starttls&port=587',
          'starttls&port=25',
          'starttls&port=2587',
          'tlsWrapper&port=465',
          'tlsWrapper&port=2465',
        ].map((query) => [
          `POST /api/datasources/uid/${uid}/resources/diagnose?mode=${query}`,
          { endpoints: [{ report: works.includes(query) ? good : bad }] },
        ]),
      ),
    );

  it('that works is named and taken by a button', async () => {
    answers(['tlsWrapper&port=465']);
    const form = config({});
    failed(form);
    expect(
      await screen.findByText('Port 587 does not work from here, but port 465 (TLS wrapper) does.'),
    ).toBeInTheDocument();
    await user().click(screen.getByRole('button', { name: 'Use port 465' }));
    expect(form.set).toHaveBeenCalledWith({ portMode: 'tlsWrapper', port: 465 });
  });

  it('that was taken is to be saved', async () => {
    answers(['tlsWrapper&port=465']);
    failed(config({ portMode: 'tlsWrapper', port: 465 }));
    expect(await screen.findByText('It is entered. Press Save & test.')).toBeInTheDocument();
  });

  it('that works not either is said', async () => {
    answers([]);
    failed(config({}));
    expect(await screen.findByText(/^No other port of the service works/)).toBeInTheDocument();
    expect(backend.requests).toHaveLength(4);
  });

  it.each([
    ['auth', 'credentials'],
    ['dial', 'dns'],
    ['tls', 'expired'],
  ])('is not looked for where none helps: %s, %s', (stage, hint) => {
    answers([]);
    failed(config({}), stage, hint);
    expect(screen.getByRole('table')).toBeInTheDocument();
    expect(backend.requests).toEqual([]);
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
    render(<SendTestSection config={config({})} uid="mail" />);
    const u = user();
    await u.click(screen.getByLabelText(/^Recipient/));
    await u.paste('a@example.com');
    await u.click(screen.getByRole('button', { name: 'Send' }));
    expect(await screen.findByText('250 queued as 42')).toBeInTheDocument();
    expect(screen.getByText('550 no such user')).toBeInTheDocument();
    expect(backend.requests[0].data).toEqual({ to: 'a@example.com', sample: 'firing' });
  });

  it('goes out on Enter, which does not save the form around it', async () => {
    backend.reset({ [`POST ${resources}/test`]: { status: 'sent', reply: '250 queued as 42' } });
    const save = jest.fn();
    render(
      <form onSubmit={save}>
        <SendTestSection config={config({})} uid="mail" />
        <button type="submit">Save & test</button>
      </form>,
    );
    await user().type(screen.getByLabelText(/^Recipient/), 'a@example.com{Enter}');
    await waitFor(() => expect(backend.requests[0]?.data).toEqual({ to: 'a@example.com', sample: 'firing' }));
    expect(save).not.toHaveBeenCalled();
  });

  it('stays here on the Enter that ends a composition', () => {
    backend.reset({ [`POST ${resources}/test`]: { status: 'sent' } });
    render(<SendTestSection config={config({})} uid="mail" />);
    const to = screen.getByLabelText(/^Recipient/);
    fireEvent.change(to, { target: { value: 'a@example.com' } });
    fireEvent.keyDown(to, { key: 'Enter', isComposing: true });
    expect(backend.requests).toEqual([]);
  });

  it.each(['Resolved', 'Storm'])('shows what was chosen: %s', async (name) => {
    backend.reset({ [`POST ${resources}/test`]: { status: 'sent', accepted: ['a@example.com'] } });
    render(<SendTestSection config={config({})} uid="mail" />);
    await user().click(screen.getByLabelText(name));
    await user().click(screen.getByRole('button', { name: 'Send' }));
    expect(await screen.findByText('The relay took the mail for a@example.com.')).toBeInTheDocument();
    expect(backend.requests[0].data).toEqual({ sample: name.toLowerCase() });
  });

  it('shows what was wrong and the remedy', async () => {
    backend.reset({
      [`POST ${resources}/test`]: {
        refuse: 502,
        data: { error: 'auth: 535', code: 'refused', hint: 'Check the SecretKey.' },
      },
    });
    render(<SendTestSection config={config({})} uid="mail" />);
    await user().click(screen.getByRole('button', { name: 'Send' }));
    expect(await screen.findByText('auth: 535')).toBeInTheDocument();
    expect(screen.getByText('Check the SecretKey.')).toBeInTheDocument();
    expect(backend.requests[0].data).toEqual({ sample: 'firing' });
  });
});

describe('Preview', () => {
  const onMistake = jest.fn();
  const mail = ({ data }: BackendSrvRequest) => ({
    subject: `subject in ${data.settings.language}`,
    text: `template ${data.settings.textTemplate}`,
    html: '<p>mail</p><script>alert(1)</script>',
    mail: '',
  });

  it('follows templates that are not saved, and the language chosen', async () => {
    backend.reset({ [`POST ${resources}/preview`]: mail });
    const { rerender } = render(
      <PreviewSection config={config({ textTemplate: 'one' })} uid="mail" onMistake={onMistake} />,
    );
    const u = user();
    await u.click(screen.getByRole('button', { name: 'Show the preview' }));
    expect(await screen.findByText('subject in en')).toBeInTheDocument();
    await u.click(screen.getByRole('tab', { name: 'Plain text' }));
    expect(screen.getByText('template one')).toBeInTheDocument();

    rerender(<PreviewSection config={config({ textTemplate: 'two' })} uid="mail" onMistake={onMistake} />);
    expect(await screen.findByText('template two')).toBeInTheDocument();
    await u.click(screen.getByLabelText('한국어'));
    expect(await screen.findByText('subject in ko')).toBeInTheDocument();
  });

  it('shows the mail in a frame that runs nothing', async () => {
    backend.reset({ [`POST ${resources}/preview`]: mail });
    render(<PreviewSection config={config({})} uid="mail" onMistake={onMistake} />);
    await user().click(screen.getByRole('button', { name: 'Show the preview' }));
    const frame = await screen.findByTitle('The mail');
    expect(frame).toHaveAttribute('sandbox', '');
  });

  it('shows a mistake in a template at its field, and keeps the last mail without it', async () => {
    const error = 'htmlTemplate, line 1, column 3: unclosed action';
    backend.reset({
      [`POST ${resources}/preview`]: (request: BackendSrvRequest) =>
        request.data.settings.htmlTemplate
          ? { refuse: 422, data: { error, code: 'template', hintArgs: { setting: 'htmlTemplate' } } }
          : mail(request),
    });
    const { rerender } = render(<MessageSection config={config({})} uid="mail" />);
    const u = user();
    await u.click(screen.getByRole('button', { name: /^Message/ }));
    await u.click(screen.getByRole('button', { name: 'Show the preview' }));
    expect(await screen.findByTitle('The mail')).toBeInTheDocument();
    expect(screen.getByLabelText('HTML')).toBeValid();

    rerender(<MessageSection config={config({ htmlTemplate: '{{' })} uid="mail" />);
    expect(await screen.findByText(/^A template has a mistake.* the last mail without it/)).toBeInTheDocument();
    expect(await screen.findByText(error)).toBeInTheDocument();
    const field = screen.getByLabelText('HTML').closest('div[class]')!.parentElement!;
    expect(field).toHaveTextContent(error);
    expect(screen.getByTitle('The mail')).toBeInTheDocument();

    rerender(<MessageSection config={config({})} uid="mail" />);
    await waitFor(() => expect(screen.queryByText(error)).not.toBeInTheDocument());
  });

  it('says what else is wrong', async () => {
    backend.reset({ [`POST ${resources}/preview`]: { refuse: 422, data: { error: 'maxConnections is 0' } } });
    render(<PreviewSection config={config({})} uid="mail" onMistake={onMistake} />);
    await user().click(screen.getByRole('button', { name: 'Show the preview' }));
    expect(await screen.findByText('maxConnections is 0')).toBeInTheDocument();
    expect(onMistake).not.toHaveBeenCalledWith(expect.anything());
  });

  it('shows another sample, or a payload that was pasted, on a phone', async () => {
    backend.reset({ [`POST ${resources}/preview`]: mail });
    render(<PreviewSection config={config({})} uid="mail" onMistake={onMistake} />);
    const u = user();
    const last = () => backend.requests.at(-1)?.data as Record<string, unknown>;
    await u.click(screen.getByRole('button', { name: 'Show the preview' }));
    await screen.findByTitle('The mail');
    expect(last().sample).toBe('firing');
    await u.click(screen.getByLabelText('Storm'));
    await waitFor(() => expect(last().sample).toBe('storm'));

    await u.click(screen.getByLabelText('A payload'));
    await u.click(screen.getByLabelText(/^Payload of a notification/));
    await u.paste('{"alerts": [');
    expect(screen.getByText('This is not a JSON object.')).toBeInTheDocument();
    await u.paste(']}');
    await waitFor(() => expect(last().payload).toEqual({ alerts: [] }));
    expect(last()).not.toHaveProperty('sample');
    expect(screen.queryByText('This is not a JSON object.')).not.toBeInTheDocument();

    await u.click(screen.getByLabelText('Phone'));
    expect(screen.getByTitle('The mail')).toHaveStyle({ maxWidth: '375px' });
    expect(screen.getByText('Subject:')).toBeInTheDocument();
  });

  it('imitates a client in the chosen color scheme', () => {
    const css = '@media (prefers-color-scheme: dark) { a } @media (prefers-color-scheme:light) { b }';
    expect(inScheme(css, 'dark')).toBe('@media (min-width: 0) { a } @media (max-width: 0) { b }');
    expect(inScheme(css, 'light')).toBe('@media (max-width: 0) { a } @media (min-width: 0) { b }');
  });
});
