import { useState } from 'react';
import { act, fireEvent, render, renderHook, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { DataSourceSettings } from '@grafana/data';
import { config as grafana, HealthStatus } from '@grafana/runtime';
import { initPluginTranslations } from '@grafana/i18n';
import i18next from 'i18next';
import { first, Subject, switchMap } from 'rxjs';
import { reportHealth } from '../health';
import english from '../locales/en-US/nhncloud-email-datasource.json';
import type { SettingProblem } from '../remedies';
import { PLUGIN_ID } from '../service';
import { reportSetup } from '../setup';
import { backend } from '../test/backend';
import type { EmailJsonData, EmailSecureJsonData } from '../types';
import ConfigEditor from './ConfigEditor';
import { useConfig } from './useConfig';

beforeAll(async () => {
  await initPluginTranslations(PLUGIN_ID);
  i18next.addResourceBundle('en-US', PLUGIN_ID, english);
});

type Options = DataSourceSettings<EmailJsonData, EmailSecureJsonData>;

const complete: EmailJsonData = { appKey: 'AppKey', fromAddress: 'alerts@example.com', to: ['ops@example.com'] };

/** edit renders the editor on a data source and returns what would be saved. */
function edit(jsonData: EmailJsonData = {}, more: Partial<Options> = {}) {
  const saved = {
    current: {
      jsonData,
      secureJsonFields: {},
      readOnly: false,
      uid: 'mail',
      name: 'NHN Cloud Email',
      ...more,
    } as Options,
  };
  const page = { save: () => {} };
  function Page() {
    const [options, setOptions] = useState(saved.current);
    saved.current = options;
    page.save = () => {
      const secrets = Object.keys(options.secureJsonData ?? {}).map((key) => [key, true]);
      const secureJsonFields = { ...options.secureJsonFields, ...Object.fromEntries(secrets) };
      const version = (options.version ?? 0) + 1;
      act(() => setOptions({ ...options, version, secureJsonFields, secureJsonData: undefined }));
    };
    return <ConfigEditor options={options} onOptionsChange={setOptions} />;
  }
  render(<Page />);
  return { saved, page, user: userEvent.setup({ delay: null }) };
}

/** validated has the backend find these problems from now on; the answer says what it was asked last. */
function validated(...problems: Array<Omit<SettingProblem, 'message'>>) {
  const route = 'POST /api/datasources/uid/mail/resources/validate';
  backend.reset({ [route]: { problems: problems.map((problem) => ({ ...problem, message: 'for the log' })) } });
  return () => backend.requests.findLast((request) => request.route === route)?.data;
}

type User = ReturnType<typeof userEvent.setup>;

const field = (label: RegExp) => screen.getByLabelText(label);
const unfold = (user: User, fold: RegExp) => user.click(screen.getByRole('button', { name: fold }));
const connection = (user: User) => unfold(user, /^Connection/);
const recipients = (user: User) => unfold(user, /^More recipients/);
const message = (user: User) => unfold(user, /^Message/);
const advanced = (user: User) => unfold(user, /^Advanced/);

/** fill enters a text at once. */
async function fill(user: User, label: RegExp, text: string) {
  await user.clear(field(label));
  await user.paste(text);
}

/** choose picks an option of a combobox. */
async function choose(user: User, label: RegExp, option: string | RegExp) {
  await user.click(field(label));
  await user.click(await screen.findByRole('option', { name: option }));
}

it('saves what is entered under the keys of the settings', async () => {
  const { saved, user } = edit({ language: 'en', timezone: 'Asia/Seoul' });
  await fill(user, /^AppKey/, 'my-app-key');
  await fill(user, /^SecretKey/, 'my-secret-key');
  await fill(user, /^From address/, 'alerts@example.com');
  await recipients(user);
  await message(user);
  await fill(user, /^From name/, 'Alerts');
  await fill(user, /^Reply to/, 'ops@example.com');
  await fill(user, /^To$/, 'a@example.com');
  await user.keyboard('{Enter}');
  await user.paste('b@example.com');
  await user.keyboard(',');
  await fill(user, /^Cc$/, '例え <c@例え.jp>');
  await user.tab();
  await fill(user, /^Allowed recipients/, '*@*.example.com');
  await user.keyboard('{Enter}');
  await choose(user, /^Mail type/, 'Authentication');
  await choose(user, /^How to address several recipients/, /One mail each/);
  await user.click(field(/^日本語$/));
  await user.click(field(/^Stable subject/));

  expect(saved.current.jsonData).toEqual({
    appKey: 'my-app-key',
    fromAddress: 'alerts@example.com',
    fromName: 'Alerts',
    replyTo: 'ops@example.com',
    to: ['a@example.com', 'b@example.com'],
    cc: ['例え <c@例え.jp>'],
    allowedRecipients: ['*@*.example.com'],
    mailType: 'auth',
    recipientMode: 'individual',
    language: 'ja',
    timezone: 'Asia/Seoul',
    stableSubject: true,
  });
  expect(saved.current.secureJsonData).toEqual({ secretKey: 'my-secret-key' });
});

it('brings a process that was restarted the SecretKey, for the mail that waits', () => {
  const wake = 'GET /api/datasources/uid/mail/resources/status';
  backend.reset({ [wake]: {} });
  edit(complete, { secureJsonFields: { secretKey: true } });
  expect(backend.requests.map(({ route }) => route)).toContain(wake);
});

it('reads what is known of the data source once, also for recipients at Gmail', async () => {
  const status = 'GET /api/datasources/uid/mail/resources/status';
  backend.reset({ [status]: {} });
  edit({ ...complete, to: ['jun@gmail.com'] }, { secureJsonFields: { secretKey: true } });
  expect(await screen.findByText(/restricts mail to Gmail and Yahoo/)).toBeInTheDocument();
  expect(backend.requests.filter(({ route }) => route === status)).toHaveLength(1);
});

describe('the language and the time zone of the mail', () => {
  const person = (user: object) => Object.assign(grafana, { bootData: { user } });
  afterEach(() => person({}));

  it.each([
    [
      { language: 'ko-KR', timezone: 'Asia/Seoul' },
      { language: 'ko', timezone: 'Asia/Seoul' },
    ],
    [
      { language: 'ja-JP', timezone: 'utc' },
      { language: 'ja', timezone: 'UTC' },
    ],
    [
      { language: 'de-DE', timezone: 'Europe/Berlin' },
      { language: 'en', timezone: 'Europe/Berlin' },
    ],
    [
      { language: '', timezone: 'browser' },
      { language: 'en', timezone: Intl.DateTimeFormat().resolvedOptions().timeZone },
    ],
  ])('are those of who adds a data source: %j', (user, expected) => {
    person(user);
    const { saved } = edit({}, { version: 1 });
    expect(saved.current.jsonData).toEqual(expected);
    expect(screen.getByText(new RegExp(`, ${expected.timezone}$`))).toBeInTheDocument();
  });

  it.each([
    [complete, {}],
    [{}, { version: 2 }],
    [{}, { readOnly: true }],
  ])('stay as they are in one that is there already: %j %j', (jsonData, more) => {
    person({ language: 'ko-KR', timezone: 'Asia/Seoul' });
    const { saved } = edit(jsonData, more);
    expect(saved.current.jsonData).toEqual(jsonData);
  });

  it('stay as they were chosen', () => {
    person({ language: 'ko-KR', timezone: 'Asia/Seoul' });
    const { saved } = edit({ language: 'ja' });
    expect(saved.current.jsonData).toEqual({ language: 'ja', timezone: 'Asia/Seoul' });
  });
});

describe('a fold', () => {
  const existing = { secureJsonFields: { secretKey: true } };

  it('is closed, and says what is in it', () => {
    edit(complete, existing);
    expect(screen.queryAllByRole('button', { expanded: true })).toEqual([]);
    expect(screen.getByText('smtp-mail.nhncloudservice.com:587, STARTTLS')).toBeInTheDocument();
  });

  it.each([
    ['host', /^Connection/],
    ['replyTo', /^More recipients/],
    ['unsubscribeUrl', /^Message/],
    ['maxConnections', /^Advanced/],
  ] as Array<[keyof EmailJsonData, RegExp]>)(
    'with a mistake in it is open, and may be closed: %s',
    async (key, fold) => {
      validated({ key: key as SettingProblem['key'], code: 'host', params: { value: 'wrong' } });
      const { user } = edit({ ...complete, [key]: 'wrong' }, existing);
      const header = await screen.findByRole('button', { name: fold, expanded: true });
      expect(screen.getAllByRole('button', { expanded: true })).toEqual([header]);
      await user.click(header);
      expect(screen.queryAllByRole('button', { expanded: true })).toEqual([]);
    },
  );
});

it('ticks what is done, and shows what is next', async () => {
  backend.reset({
    'GET /api/datasources/uid/ticks/resources/status': {},
    'POST /api/datasources/uid/ticks/resources/test': { status: 'sent', accepted: ['ops@example.com'] },
  });
  const steps = () =>
    within(screen.getByRole('list', { name: 'Setup' }))
      .getAllByRole('listitem')
      .map((step) => [step.textContent, step.getAttribute('aria-current')]);
  const { user } = edit(complete, { uid: 'ticks', secureJsonFields: { secretKey: true } });
  expect(steps()[1]).toEqual(['Send a test mail', 'step']);
  await user.click(screen.getByRole('button', { name: 'Send' }));
  expect(await screen.findByText('The relay took the mail for ops@example.com.')).toBeInTheDocument();
  expect(steps()[2]).toEqual(['Create a contact point', 'step']);
  act(() => reportSetup('ticks', { contactPoint: true }));
  expect(steps()[3]).toEqual(['Let an alert rule watch the queue', 'step']);
  act(() => reportSetup('ticks', { contactPoint: false }));
  expect(steps()[2]).toEqual(['Create a contact point', 'step']);
});

it('unticks the test mail when the account is another', async () => {
  backend.reset({
    'GET /api/datasources/uid/other/resources/status': {},
    'POST /api/datasources/uid/other/resources/test': { status: 'sent', accepted: ['ops@example.com'] },
  });
  const step = () => screen.getByText('Send a test mail', { selector: 'li' });
  const { user } = edit(complete, { uid: 'other', secureJsonFields: { secretKey: true } });
  await user.click(screen.getByRole('button', { name: 'Send' }));
  await waitFor(() => expect(step()).not.toHaveAttribute('aria-current'));
  await fill(user, /^AppKey/, 'another');
  expect(step()).toHaveAttribute('aria-current', 'step');
  await fill(user, /^AppKey/, complete.appKey!);
  expect(step()).not.toHaveAttribute('aria-current');
  await user.click(screen.getByRole('button', { name: 'Reset' })); // the SecretKey, which nobody can compare
  expect(step()).toHaveAttribute('aria-current', 'step');
});

it('leaves the test mail unticked when a SecretKey that is not saved is on the page, or was saved while it was sent', async () => {
  const route = 'POST /api/datasources/uid/secret/resources/test';
  const answer = { status: 'sent', accepted: ['ops@example.com'] };
  backend.reset({ 'GET /api/datasources/uid/secret/resources/status': {}, [route]: answer });
  const step = () => screen.getByText('Send a test mail', { selector: 'li' });
  const { page, user } = edit(complete, { uid: 'secret', version: 1, secureJsonFields: { secretKey: true } });
  await user.click(screen.getByRole('button', { name: 'Reset' }));
  await fill(user, /^SecretKey/, 'another');
  await user.click(screen.getByRole('button', { name: 'Send' }));
  expect(await screen.findByText(/^The relay took the mail/)).toBeInTheDocument();
  expect(step()).toHaveAttribute('aria-current', 'step');
  page.save();
  expect(step()).toHaveAttribute('aria-current', 'step'); // nothing was mailed with it yet

  const { fetch } = backend;
  const arrived = new Subject<void>();
  backend.fetch = (request) =>
    arrived.pipe(
      first(),
      switchMap(() => fetch(request)),
    );
  await user.click(screen.getByRole('button', { name: 'Send' }));
  backend.fetch = fetch;
  await user.click(screen.getByRole('button', { name: 'Reset' }));
  await fill(user, /^SecretKey/, 'a third');
  page.save();
  await act(async () => arrived.next());
  expect(await screen.findByText(/^The relay took the mail/)).toBeInTheDocument();
  expect(step()).toHaveAttribute('aria-current', 'step');
  await user.click(screen.getByRole('button', { name: 'Send' }));
  await waitFor(() => expect(step()).not.toHaveAttribute('aria-current'));
});

it('marks the account that the relay refused, and takes the keyboard there, until it is another', async () => {
  validated();
  const { user, page } = edit(complete, { uid: 'refused', secureJsonFields: { secretKey: true } });
  const error = { stage: 'auth', error: '535', hint: 'Check the AppKey.', hintId: 'credentials' };
  const report = { host: 'h', port: 587, mode: 'starttls', stages: [], error };
  act(() => {
    page.save(); // on a busy machine the answer is there before the page shows what was saved
    reportHealth('refused', { status: HealthStatus.Error, message: '', details: { report } } as never);
  });
  await waitFor(() => expect(field(/^AppKey/)).toHaveFocus());
  expect(field(/^AppKey/)).toHaveAccessibleDescription(/^The relay refused this/);
  expect(field(/^SecretKey/)).toHaveAccessibleDescription(/^The relay refused this/);
  await user.keyboard('x');
  await user.tab();
  expect(screen.queryByText(/^The relay refused this/)).not.toBeInTheDocument();
  await fill(user, /^AppKey/, complete.appKey!);
  await user.tab();
  expect(screen.queryAllByText(/^The relay refused this/)).toHaveLength(2);
  await user.click(screen.getByRole('button', { name: 'Reset' }));
  await fill(user, /^SecretKey/, 'another');
  page.save();
  expect(screen.queryByText(/^The relay refused this/)).not.toBeInTheDocument();
});

it('does not tick the keys and the sender while something saved is wrong', async () => {
  validated({ key: 'fromAddress', code: 'address', params: { value: 'grafana' } } as never);
  edit({ ...complete, fromAddress: 'grafana' }, { secureJsonFields: { secretKey: true } });
  await waitFor(() =>
    expect(screen.getByText('Save the keys and the sender').closest('li')).toHaveAttribute('aria-current', 'step'),
  );
});

describe('a test of what is saved', () => {
  it('is not offered before there is something to test', () => {
    edit({ appKey: 'AppKey' });
    expect(screen.queryByRole('button', { name: 'Send' })).not.toBeInTheDocument();
    expect(screen.getByText(/^First enter the account/)).toBeInTheDocument();
  });

  it('says that what was changed is not saved, until it is', async () => {
    const { user, page } = edit(complete, { version: 3, secureJsonFields: { secretKey: true } });
    const unsaved = () => screen.queryByText(/^What you changed on this page is not saved/);
    expect(unsaved()).not.toBeInTheDocument();
    await fill(user, /^AppKey/, 'another');
    expect(unsaved()).toBeInTheDocument();
    await fill(user, /^AppKey/, complete.appKey!);
    expect(unsaved()).not.toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Reset' }));
    expect(unsaved()).toBeInTheDocument();
    page.save();
    expect(unsaved()).not.toBeInTheDocument();
  });
});

it('calls nobody for a data source that has no SecretKey yet', () => {
  backend.reset({});
  edit();
  expect(backend.requests).toEqual([]);
});

it('says that alerts are refused as long as nobody is to have them', async () => {
  const { user } = edit();
  expect(screen.getByText(/^No recipient is set/)).toBeInTheDocument();
  await recipients(user);
  await fill(user, /^Bcc$/, 'a@example.com');
  await user.tab();
  expect(screen.queryByText(/^No recipient is set/)).not.toBeInTheDocument();
});

it('says so once when the test says so, too', () => {
  const warnings = [{ hint: 'in English', hintId: 'no-default-recipient' }];
  edit({ ...complete, to: [] }, { uid: 'nobody', secureJsonFields: { secretKey: true } });
  act(() =>
    reportHealth('nobody', {
      status: 'OK',
      message: '',
      details: { report: { host: 'h', port: 587, mode: 'starttls', stages: [] }, warnings },
    } as never),
  );
  expect(screen.getAllByText(/^No recipient is set/)).toHaveLength(1);
});

describe('advertising mail', () => {
  const advertiser: EmailJsonData = {
    mailType: 'ad',
    adSenderName: 'Example Inc.',
    adSenderAddress: '1 Example Road\nSeoul\n+82 2 000 0000',
    unsubscribeUrl: 'https://example.com/unsubscribe',
  };
  const fields = [/^Advertiser/, /^Postal address and telephone/, /^Unsubscribe URL/, /^Unsubscribe address/];
  const shown = () => fields.filter((label) => screen.queryByLabelText(label));
  const existing = { secureJsonFields: { secretKey: true } };

  it('is asked for with the mail type, and saved', async () => {
    const { saved, user } = edit(complete, existing);
    await message(user);
    expect(shown()).toEqual([]);
    await choose(user, /^Mail type/, 'Advertising');
    expect(shown()).toEqual(fields);
    await fill(user, /^Advertiser/, 'Example Inc.');
    await fill(user, /^Postal address/, '1 Example Road\nSeoul\n+82 2 000 0000');
    await fill(user, /^Unsubscribe URL/, 'https://example.com/unsubscribe');
    await fill(user, /^Unsubscribe address/, 'stop@example.com');
    expect(saved.current.jsonData).toEqual({ ...complete, ...advertiser, unsubscribeAddress: 'stop@example.com' });
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();

    await user.clear(field(/^Unsubscribe address/));
    expect(saved.current.jsonData.unsubscribeAddress).toBeUndefined();
  });

  it.each([
    [{ mailType: 'normal', unsubscribeUrl: 'https://example.com/' }, fields],
    [{ mailType: 'auth', adSenderName: 'Example Inc.' }, fields],
    [{ mailType: 'auth' }, []],
    [{}, []],
  ] as Array<[EmailJsonData, RegExp[]]>)('with %j', async (jsonData, expected) => {
    const { user } = edit({ ...complete, ...jsonData }, existing);
    await message(user);
    expect(shown()).toEqual(expected);
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
  });

  it('is not missed on a new data source before its field was left', async () => {
    validated({ key: 'appKey', code: 'app-key-missing' }, { key: 'adSenderAddress', code: 'ad-address-missing' });
    const { user } = edit({ mailType: 'ad' });
    await message(user);
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
    await user.click(field(/^Postal address/));
    await user.tab();
    expect(await screen.findByRole('alert')).toHaveTextContent(/must give the postal address/);
  });
});

it('saves the advanced settings as numbers and flags', async () => {
  const { saved, user } = edit(complete, { secureJsonFields: { secretKey: true } });
  await advanced(user);
  for (const [label, value] of [
    [/^Maximum connections/, '8'],
    [/^Mails per connection/, '50'],
    [/^Mails per minute/, '60'],
    [/^Timeout/, '20'],
    [/^Suppress duplicates/, '0'],
  ] as const) {
    await fill(user, label, value);
  }
  await user.click(field(/^LOGIN$/));
  await user.click(field(/^Trust only this CA/));
  await fill(user, /^CA certificate/, 'PEM');
  await fill(user, /^Signing secret/, 'hush');
  await fill(user, /^Server name/, 'relay.example.com');
  await fill(user, /^EHLO name/, 'grafana.example.com');

  expect(saved.current.jsonData).toEqual({
    ...complete,
    maxConnections: 8,
    messagesPerConnection: 50,
    messagesPerMinute: 60,
    timeoutSeconds: 20,
    dedupeSeconds: 0,
    authMechanism: 'login',
    tlsAuthWithCACert: true,
    serverName: 'relay.example.com',
    ehloName: 'grafana.example.com',
  });
  expect(saved.current.secureJsonData).toEqual({ tlsCACert: 'PEM', webhookSecret: 'hush' });
});

it('offers the ports of the mode, and follows the mode', async () => {
  const { saved, user } = edit(complete);
  await connection(user);
  await user.click(field(/^Port/));
  expect((await screen.findAllByRole('option')).map((option) => option.textContent)).toEqual(['587', '25', '2587']);
  await user.keyboard('{Escape}');

  await user.click(field(/^TLS wrapper$/));
  expect(saved.current.jsonData).toMatchObject({ portMode: 'tlsWrapper', port: 465 });
  await choose(user, /^Port/, '2465');
  expect(saved.current.jsonData.port).toBe(2465);
});

it('takes any port with another host', async () => {
  const { saved, user } = edit({ ...complete, host: 'relay.example.com', port: 587 });
  await connection(user);
  await fill(user, /^Port/, '1025');
  expect(saved.current.jsonData.port).toBe(1025);
});

it('never shows a saved secret, and forgets it on reset', async () => {
  const { saved, user } = edit(complete, { secureJsonFields: { secretKey: true } });
  expect(field(/^SecretKey/)).toBeDisabled();
  expect(field(/^SecretKey/)).toHaveValue('configured');

  await user.click(screen.getByRole('button', { name: 'Reset' }));
  expect(saved.current.secureJsonFields).toMatchObject({ secretKey: false });
  await fill(user, /^SecretKey/, 'new');
  expect(saved.current.secureJsonData).toEqual({ secretKey: 'new' });
});

describe('mistakes are told in words', () => {
  const existing = { secureJsonFields: { secretKey: true } };

  it('only after a required field was left, on a new data source', async () => {
    validated({ key: 'appKey', code: 'app-key-missing' }, { key: 'fromAddress', code: 'from-missing' });
    const { user } = edit();
    await recipients(user);
    await fill(user, /^From name/, 'Alerts');
    await user.click(field(/^AppKey/));
    await user.tab();
    expect(await screen.findByText(/^The AppKey is required/)).toBeInTheDocument();
    expect(screen.queryByText(/^The From address is required/)).not.toBeInTheDocument();
    await fill(user, /^AppKey/, 'my-app-key');
    expect(screen.queryByText(/^The AppKey is required/)).not.toBeInTheDocument();
  });

  it('not while it is typed, and with the field that they are about', async () => {
    const wrong = { key: 'replyTo', code: 'address', params: { value: 'ops' } } as const;
    const asked = validated(wrong);
    const { user } = edit(complete, existing);
    await recipients(user);
    await user.type(field(/^Reply to/), 'ops');
    await waitFor(() => expect(asked()).toMatchObject({ jsonData: { ...complete, replyTo: 'ops' } }));
    expect(asked()).toMatchObject({ secureJsonFields: { secretKey: true } });
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
    expect(field(/^Reply to/)).toBeValid();

    await user.tab();
    expect(await screen.findByRole('alert')).toHaveTextContent(/^"ops" is not a mail address/);
    expect(field(/^Reply to/)).toBeInvalid();
    expect(field(/^Reply to/)).toHaveAccessibleDescription(/^"ops" is not a mail address/);

    validated();
    await user.type(field(/^Reply to/), '@example.com');
    await user.tab();
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
    expect(field(/^Reply to/)).not.toHaveAttribute('aria-describedby');
  });

  it('of a template at the field of its profile', async () => {
    validated({
      key: 'profiles[1].textTemplate' as SettingProblem['key'],
      code: 'template-field',
      params: { line: '2', column: '3', name: 'Sate', words: '' },
    });
    const profiles = [{ name: 'oncall' }, { name: 'database', textTemplate: 'x\n{{.Sate}}' }];
    edit({ ...complete, profiles }, existing);
    await waitFor(() => expect(document.querySelector('#profile-1-textTemplate')).toBeInvalid()); // its folds are open
    const own = document.querySelector('#profile-1-textTemplate');
    expect(own).toHaveAccessibleDescription('Line 2, column 3: there is no field Sate here.');
  });

  it('of a secret only until another is entered, which the backend does not see', async () => {
    const asked = validated({ key: 'secretKey', code: 'secret-key-line' });
    const { user } = edit(complete, existing);
    expect(await screen.findByText(/^The SecretKey holds a line break/)).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Reset' }));
    await fill(user, /^SecretKey/, 'hunter2');
    expect(screen.queryByText(/^The SecretKey holds a line break/)).not.toBeInTheDocument();
    await waitFor(() => expect(asked()).toEqual({ jsonData: complete, secureJsonFields: { secretKey: true } }));
  });

  it('after Save & test all of them, the keyboard at the first, out of its fold', async () => {
    validated();
    edit({}, { uid: 'tested' });
    const problems = [
      { key: 'fromAddress', code: 'from-missing', message: 'fromAddress is missing' },
      { key: 'serverName', code: 'host', params: { value: 'a b' }, message: 'serverName is "a b"' },
    ];
    act(() => reportHealth('tested', { status: HealthStatus.Error, message: '', details: { problems } } as never));
    await waitFor(() => expect(field(/^From address/)).toHaveFocus());
    expect(field(/^Server name/)).toHaveAccessibleDescription(/^"a b" is not a host name/);
    expect(screen.getAllByRole('alert')).toHaveLength(2);
  });

  it('a template among them, in its fold', async () => {
    validated();
    edit({}, { uid: 'template' });
    const params = { line: '2', column: '3', name: 'Sate', words: "can't evaluate field Sate" };
    const problems = [{ key: 'subjectTemplate', code: 'template-field', params, message: 'for the log' }];
    act(() => reportHealth('template', { status: HealthStatus.Error, message: '', details: { problems } } as never));
    await waitFor(() => expect(field(/^Subject/)).toHaveFocus());
    expect(field(/^Subject/)).toHaveAccessibleDescription('Line 2, column 3: there is no field Sate here.');
  });

  it('in a fold, where its opening takes the keyboard', async () => {
    validated({ key: 'timeoutSeconds', code: 'number', params: { value: '99', least: '1', most: '60' } });
    const { user } = edit({ ...complete, timeoutSeconds: 99 }, existing);
    expect(await screen.findByText('"99" is not a whole number from 1 to 60.')).toBeInTheDocument();
    await advanced(user); // closes it
    await advanced(user);
    await waitFor(() => expect(field(/^Timeout/)).toHaveFocus());
  });

  it.each(['host', 'portMode', 'appKey', 'fromAddress', 'replyTo', 'unsubscribeUrl', 'adSenderName', 'ehloName'])(
    'on a page that opens, though YAML made a number of %s',
    (key) => {
      edit({ ...complete, mailType: 'ad', [key]: 12345 }, { ...existing, readOnly: true });
      expect(field(/^AppKey/)).toBeInTheDocument();
    },
  );

  it('not in a provisioned data source that writes numbers, flags and lists as text', async () => {
    const { user } = edit(
      {
        ...complete,
        port: '2587',
        maxConnections: '2',
        to: 'a@example.com; b@example.com',
      } as unknown as EmailJsonData,
      { secureJsonFields: { secretKey: true } },
    );
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
    await connection(user);
    expect(field(/^Port/)).toHaveValue('2587');
    expect(screen.getByText('b@example.com')).toBeInTheDocument();
  });
});

describe('a list of addresses', () => {
  it('marks what is wrong, which a click puts back into the field', async () => {
    validated({ key: 'to', code: 'address', params: { value: 'b@' } });
    const { saved, user } = edit({ ...complete, to: [] }, { secureJsonFields: { secretKey: true } });
    await user.click(field(/^To$/));
    await user.paste('a@example.com, b@, "Kim, Ops" <kim@example.com>');
    expect(saved.current.jsonData.to).toEqual(['a@example.com', 'b@', '"Kim, Ops" <kim@example.com>']);
    expect(await screen.findByText(/^"b@" is not a mail address/)).toBeInTheDocument();
    expect(field(/^To$/)).toBeInvalid();
    expect(screen.getAllByRole('button', { name: /^Edit/ })).toHaveLength(1);
    await user.click(screen.getByRole('button', { name: 'Edit b@' }));
    expect(field(/^To$/)).toHaveValue('b@');
    expect(field(/^To$/)).toHaveFocus();

    validated();
    await user.type(field(/^To$/), 'example.com{Enter}');
    await waitFor(() => expect(field(/^To$/)).toBeValid());
    expect(saved.current.jsonData.to).toEqual(['a@example.com', '"Kim, Ops" <kim@example.com>', 'b@example.com']);
  });

  it('drops an entry by its button and the last one by Backspace', async () => {
    const { saved, user } = edit({ ...complete, to: ['a@example.com', 'b@example.com', 'c@example.com'] });
    await user.click(screen.getByRole('button', { name: 'Remove a@example.com' }));
    expect(field(/^To$/)).toHaveFocus();
    await user.type(field(/^To$/), '{Backspace}');
    expect(saved.current.jsonData.to).toEqual(['b@example.com']);
  });

  it('leaves the entries alone while a held Backspace clears what was typed', () => {
    const { saved } = edit({ ...complete, to: ['a@example.com', 'b@example.com'] });
    fireEvent.keyDown(field(/^To$/), { key: 'Backspace', repeat: true });
    expect(saved.current.jsonData.to).toEqual(['a@example.com', 'b@example.com']);
  });

  it('takes a comma within quotes as part of the name', async () => {
    const { saved, user } = edit({ ...complete, to: [] });
    await user.type(field(/^To$/), '"Kim, Ops" <kim@example.com>,');
    expect(saved.current.jsonData.to).toEqual(['"Kim, Ops" <kim@example.com>']);
  });

  it('takes a pasted list in place of what is selected', async () => {
    const { saved, user } = edit({ ...complete, to: [] });
    await user.type(field(/^To$/), 'kim', { initialSelectionStart: 0 });
    (field(/^To$/) as HTMLInputElement).setSelectionRange(0, 3);
    await user.paste('a@example.com, b@example.com');
    expect(saved.current.jsonData.to).toEqual(['a@example.com', 'b@example.com']);
  });

  it('holds no address twice', async () => {
    const { saved, user } = edit(complete);
    await fill(user, /^To$/, 'ops@example.com');
    await user.keyboard('{Enter}');
    expect(saved.current.jsonData.to).toEqual(['ops@example.com']);
  });
});

// A test mail may show and go wherever one likes, and an alert rule tell whom one likes.
const changesNothing = (control: HTMLElement) =>
  ['send-test-to', 'queue-rule-receiver'].includes(control.id) ||
  control.closest('[role=radiogroup]')?.getAttribute('aria-label') === 'Shows';

it('shows everything of a provisioned data source, and lets nothing be changed', async () => {
  const { user } = edit(
    { ...complete, mailType: 'ad', tlsAuthWithCACert: true },
    { readOnly: true, secureJsonFields: { secretKey: true, tlsCACert: true } },
  );
  await connection(user);
  await recipients(user);
  await message(user);
  await advanced(user);
  const main = within(document.body);
  await waitFor(() => expect(field(/^CA certificate/)).toBeInTheDocument());
  for (const role of ['textbox', 'combobox', 'radio', 'switch', 'spinbutton'] as const) {
    for (const control of main.getAllByRole(role).filter((one) => !changesNothing(one))) {
      expect(control).toBeDisabled();
    }
  }
  expect(screen.queryByRole('button', { name: 'Reset' })).not.toBeInTheDocument();
  expect(screen.queryByRole('button', { name: /^Remove/ })).not.toBeInTheDocument();
});

it('leaves the form alone once another data source may be in it', () => {
  const onOptionsChange = jest.fn();
  const options = { jsonData: complete, secureJsonFields: {} } as Options;
  const { result, unmount } = renderHook(() => useConfig({ options, onOptionsChange }));
  unmount();
  result.current.savedElsewhere(9);
  expect(onOptionsChange).not.toHaveBeenCalled();
});

it('asks the service only where that is turned on', async () => {
  const { saved, user } = edit(complete);
  await advanced(user);
  expect(screen.queryByLabelText(/^API address/)).not.toBeInTheDocument();
  await user.click(field(/^Ask the service what became of mail/));
  expect(field(/^API address/)).toHaveAttribute('placeholder', 'https://email.api.nhncloudservice.com');
  await fill(user, /^API address/, 'http://127.0.0.1:8080');
  expect(saved.current.jsonData).toEqual({ ...complete, serviceResults: true, serviceUrl: 'http://127.0.0.1:8080' });
});
