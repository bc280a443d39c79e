import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import i18next from 'i18next';
import { HealthStatus } from '@grafana/runtime';
import { initPluginTranslations } from '@grafana/i18n';
import type { DomainReport } from '../api';
import { useKnownDomain } from '../domain';
import { reportHealth } from '../health';
import pluginJson from '../plugin.json';
import { readSettings } from '../service';
import { backend } from '../test/backend';
import type { EmailJsonData } from '../types';
import { AccountSection } from './AccountSection';
import { DomainTable } from './DomainTable';
import { HealthSection } from './HealthSection';
import type { Config } from './useConfig';

const report: DomainReport = {
  domain: 'example.com',
  checked: '2026-11-30T05:00:00Z',
  findings: [
    {
      record: 'spf',
      name: 'example.com',
      status: 'wrong',
      found: ['v=spf1 mx -all', 'v=spf1 a -all'],
      expected: 'v=spf1 include:_spfblocka.toast.com mx a -all',
      hint: 'Two.',
      hintId: 'spf-several',
      hintArgs: { name: 'example.com', count: '2' },
    },
    {
      record: 'dkim',
      name: 'toast._domainkey.example.com',
      status: 'missing',
      hint: 'No key.',
      hintId: 'dkim-missing',
      hintArgs: { name: 'toast._domainkey.example.com', selector: 'toast' },
    },
    {
      record: 'dmarc',
      name: '_dmarc.example.com',
      status: 'unknown',
      hint: 'No answer.',
      hintId: 'dns-timeout',
      hintArgs: { name: '_dmarc.example.com' },
    },
  ],
};

const right: DomainReport = {
  ...report,
  findings: report.findings.map((finding) => ({ ...finding, status: 'ok', expected: undefined })),
};

const config = (jsonData: EmailJsonData) =>
  ({
    jsonData,
    settings: readSettings(jsonData),
    secret: () => ({ isConfigured: true, value: '' }),
    error: () => undefined,
    wrong: () => [],
    errors: {},
  }) as unknown as Config;

const locale = (language: string) =>
  JSON.parse(readFileSync(join(__dirname, '..', 'locales', language, `${pluginJson.id}.json`), 'utf8'));

beforeAll(() => initPluginTranslations(pluginJson.id));
afterEach(() => act(() => i18next.changeLanguage('en-US')));

describe.each(pluginJson.languages)('in %s', (language) => {
  it('says of each record what was found, what is wrong and what to add', async () => {
    const { domain, remedy } = locale(language);
    i18next.addResourceBundle(language, pluginJson.id, locale(language));
    await act(() => i18next.changeLanguage(language));
    render(<DomainTable report={report} />);

    const table = screen.getByRole('table', { name: domain.label.replace('{{domain}}', 'example.com') });
    for (const heading of [domain.record, domain.outcome, domain.found, domain.expected]) {
      expect(within(table).getByRole('columnheader', { name: heading })).toBeInTheDocument();
    }
    for (const outcome of [domain.wrong, domain.missing, domain.unknown]) {
      expect(within(table).getByText(outcome)).toBeInTheDocument();
    }
    for (const { hintId, hintArgs } of report.findings) {
      const words = remedy[hintId!].replace(/{{(\w+)}}/g, (_: string, name: string) => hintArgs![name]);
      expect(within(table).getByText(words)).toBeInTheDocument();
    }
    expect(within(table).getByText('v=spf1 a -all')).toBeInTheDocument();
    expect(within(table).getByText(domain['of-console'])).toBeInTheDocument();
    expect(screen.getByText((text) => text.includes('NHN Cloud') && text.includes('48'))).toBeInTheDocument();
  });
});

it('says what to do before it shows the record that is to follow', () => {
  render(<DomainTable report={report} />);
  const [words, record] = ['example.com has 2 SPF records', report.findings[0].expected!].map((text) =>
    screen.getByText((shown) => shown.startsWith(text)),
  );
  expect(words.compareDocumentPosition(record)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
});

it('breaks a long name behind its dots, and a copy of it has none', () => {
  const { container } = render(<DomainTable report={report} />);
  const name = [...container.querySelectorAll('th div')].find(({ textContent }) => textContent!.startsWith('toast'))!;
  expect(name.textContent).toBe('toast._domainkey.example.com');
  expect(name.innerHTML).toContain('toast.<wbr>_domainkey.<wbr>example.<wbr>com');
});

it('copies the record to add, and offers none where there is nothing to add', async () => {
  const user = userEvent.setup({ delay: null });
  Object.defineProperty(window, 'isSecureContext', { value: true }); // else there is no clipboard
  render(<DomainTable report={report} />);
  expect(screen.getAllByRole('button')).toHaveLength(1);
  await user.click(screen.getByRole('button', { name: 'Copy the SPF record' }));
  await waitFor(async () => expect(await navigator.clipboard.readText()).toBe(report.findings[0].expected));
});

it('is part of the result of the test', () => {
  render(<HealthSection config={config({})} uid="domain" />);
  const handshake = { host: 'relay', port: 587, mode: 'starttls', stages: [] };
  act(() => reportHealth('domain', { status: HealthStatus.OK, message: '', details: { report: handshake } }));
  expect(screen.queryByRole('table', { name: 'DNS records of example.com' })).not.toBeInTheDocument();
  act(() =>
    reportHealth('domain', { status: HealthStatus.OK, message: '', details: { report: handshake, domain: report } }),
  );
  expect(screen.getByRole('table', { name: 'DNS records of example.com' })).toBeInTheDocument();
});

describe('next to To', () => {
  const status = 'GET /api/datasources/uid/mail/resources/status';
  function Account({ jsonData, uid }: { jsonData: EmailJsonData; uid: string }) {
    return <AccountSection config={config(jsonData)} uid={uid} known={useKnownDomain(uid, true)} />;
  }
  const show = (jsonData: EmailJsonData, uid = 'mail') => render(<Account jsonData={jsonData} uid={uid} />);
  const from = { fromAddress: 'Grafana <grafana@Example.com>' };
  const restricts = /restricts mail to Gmail and Yahoo from a domain/;

  it('names the missing and wrong records for recipients at Gmail and Yahoo', async () => {
    backend.reset({ [status]: { domain: report } });
    show({ ...from, to: ['Jun <jun@Gmail.com>', 'a@yahoo.com', 'b@example.com'], cc: ['c@example.com'] });
    expect(
      await screen.findByText(
        /There are recipients at gmail.com, yahoo.com\. .* Missing or wrong for example.com: SPF, DKIM\.$/,
      ),
    ).toBeInTheDocument();
  });

  it('says what is needed where nothing is known of that domain', async () => {
    backend.reset({ [status]: {} });
    show({ ...from, to: [], bcc: ['jun@googlemail.com'] });
    expect(await screen.findByText(restricts)).toHaveTextContent('Save & test checks them.');
    await waitFor(() => expect(backend.requests).toHaveLength(1));
  });

  it('takes what was found of another domain for nothing', async () => {
    backend.reset({ [status]: { domain: report } });
    show({ fromAddress: 'grafana@example.net', to: ['jun@gmail.com'] });
    expect(await screen.findByText(/Save & test checks them/)).toBeInTheDocument();
    expect(screen.queryByText(/wrong for example.com/)).not.toBeInTheDocument();
  });

  it('says nothing where all is right, and the newest test counts', async () => {
    backend.reset({ [status]: { domain: report } });
    show({ ...from, to: ['jun@gmail.com'] });
    expect(await screen.findByText(/wrong for example.com/)).toBeInTheDocument();
    act(() => reportHealth('mail', { status: HealthStatus.OK, message: '', details: { domain: right } }));
    expect(screen.queryByText(restricts)).not.toBeInTheDocument();
  });

  it('says nothing of other recipients', async () => {
    backend.reset({ ['GET /api/datasources/uid/quiet/resources/status']: { domain: report } });
    show({ ...from, to: ['jun@example.com', 'jun@notgmail.com'] }, 'quiet');
    await waitFor(() => expect(backend.requests).toHaveLength(1));
    expect(screen.queryByText(restricts)).not.toBeInTheDocument();
    expect(screen.queryByText(/Missing or wrong/)).not.toBeInTheDocument();
  });

  it('says it once for all lists', async () => {
    backend.reset({ 'GET /api/datasources/uid/lists/resources/status': { domain: report } });
    show({ ...from, to: ['a@gmail.com'], cc: ['b@gmail.com'], bcc: ['c@yahoo.com'] }, 'lists');
    expect(await screen.findAllByText(/recipients at gmail.com, yahoo.com\./)).toHaveLength(1);
  });
});
