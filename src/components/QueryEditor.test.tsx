import { useState, type ComponentProps } from 'react';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { CoreApp } from '@grafana/data';
import { setTemplateSrv, type TemplateSrv } from '@grafana/runtime';
import type { DataSource } from '../datasource';
import type { EmailQuery } from '../types';
import AnnotationEditor from './AnnotationEditor';
import QueryEditor from './QueryEditor';

const dashboard = [
  { name: 'datasource', type: 'datasource' },
  { name: 'status', type: 'query' },
];
setTemplateSrv({ getVariables: () => dashboard } as unknown as TemplateSrv);

function edit(
  query: Partial<EmailQuery> = {},
  { Editor = QueryEditor, ...more }: Partial<ComponentProps<typeof QueryEditor>> & { Editor?: typeof QueryEditor } = {},
) {
  const seen = { query: { refId: 'A', ...query } as EmailQuery, run: jest.fn() };
  function Page() {
    const [current, setCurrent] = useState(seen.query);
    seen.query = current;
    return (
      <Editor datasource={{} as DataSource} query={current} onChange={setCurrent} onRunQuery={seen.run} {...more} />
    );
  }
  render(<Page />);
  return { seen, user: userEvent.setup({ delay: null }) };
}

it('asks for deliveries by their filters, once each is entered whole', async () => {
  const { seen, user } = edit();
  await user.click(screen.getByLabelText('Logs'));
  await user.click(screen.getByLabelText('Recipient'));
  await user.paste('ops@');
  expect(seen.query.recipient).toBeUndefined();
  await user.keyboard('{Enter}');
  await user.click(screen.getByLabelText('Limit'));
  await user.paste('5000');
  await user.tab();
  expect(seen.query).toMatchObject({ format: 'logs', recipient: 'ops@', limit: 1000 });
  expect(seen.run).toHaveBeenCalledTimes(3);
});

it('drops what another type of query does not take', async () => {
  const { seen, user } = edit({
    queryType: 'deliveries',
    format: 'logs',
    recipient: 'ops',
    text: 'disk',
    status: ['sent'],
  });
  await user.click(screen.getByLabelText('Statistics'));
  expect(seen.query).toMatchObject({ queryType: 'stats', status: ['sent'] });
  expect(seen.query.recipient ?? seen.query.text ?? seen.query.format).toBeUndefined();
  expect(screen.queryByLabelText('Recipient')).not.toBeInTheDocument();

  await user.click(screen.getByLabelText('Time to delivery'));
  expect(seen.query.measure).toBe('latency');
  await user.click(screen.getByLabelText('Queue'));
  expect(seen.query).toMatchObject({ queryType: 'queue' });
  expect(seen.query.measure).toBeUndefined();
  await user.click(screen.getByLabelText('Age of the oldest'));
  expect(seen.query.measure).toBe('oldestAge');
  expect(screen.queryByLabelText('Status')).not.toBeInTheDocument();
});

it('asks for one delivery by its id', async () => {
  const { seen, user } = edit({ queryType: 'deliveries', text: 'disk' });
  await user.click(screen.getByLabelText('One delivery'));
  await user.click(screen.getByLabelText('ID'));
  await user.paste('01a2');
  await user.tab();
  expect(seen.query).toMatchObject({ queryType: 'delivery', id: '01a2' });
  expect(seen.query.text).toBeUndefined();
  await user.click(screen.getByLabelText('Queue'));
  expect(seen.query.id).toBeUndefined();
});

it('shows which digest it asks for, until that is emptied', async () => {
  const { seen, user } = edit({ queryType: 'deliveries', digest: '01a2' });
  await user.clear(screen.getByLabelText('Digest'));
  await user.tab();
  expect(seen.query.digest).toBeUndefined();
  expect(screen.queryByLabelText('Digest')).not.toBeInTheDocument();
});

it('asks the service for its mails, with its own statuses', async () => {
  const { seen, user } = edit({ queryType: 'deliveries', status: ['queued'], mailType: ['auth'], text: 'disk' });
  await user.click(screen.getByLabelText('Service mails'));
  expect(seen.query).toEqual({ refId: 'A', queryType: 'serviceMails' });
  expect(screen.queryByLabelText('Mail type')).not.toBeInTheDocument();
  expect(screen.queryByLabelText('Text')).not.toBeInTheDocument();
  await user.click(screen.getByLabelText('Status'));
  expect(screen.queryByRole('option', { name: 'Queued' })).not.toBeInTheDocument();
  await user.click(await screen.findByRole('option', { name: 'Not delivered' }));
  await user.click(screen.getByLabelText('Recipient'));
  await user.paste('@gmail.com');
  await user.tab();
  expect(seen.query).toMatchObject({ status: ['failed'], recipient: '@gmail.com' });
});

it('asks the service for its statistics, of one event and by domain', async () => {
  const { seen, user } = edit({ queryType: 'serviceMails', status: ['failed'], recipient: 'ops' });
  await user.click(screen.getByLabelText('Service statistics'));
  expect(seen.query.recipient).toBeUndefined();
  await user.click(screen.getByLabelText('Failed'));
  await user.click(screen.getByLabelText('By recipient domain'));
  expect(seen.query).toMatchObject({ queryType: 'serviceStats', measure: 'failed', by: 'domain' });
  expect(screen.queryByLabelText('Status')).not.toBeInTheDocument();
  await user.click(screen.getByLabelText('All'));
  await user.click(screen.getByLabelText('All mail'));
  expect(seen.query.measure ?? seen.query.by).toBeUndefined();
  await user.click(screen.getByLabelText('Statistics'));
  expect(seen.query).toMatchObject({ queryType: 'stats' });
});

const types = () =>
  screen.getAllByRole('radio', { name: /^(Deliver|One|Stat|Queue|Service)/ }).map((one) => one.id && labelOf(one));
const labelOf = (radio: HTMLElement) => (radio as HTMLInputElement).labels?.[0].textContent?.trim();

it('offers an alert rule what can be compared, and keeps what was saved', () => {
  edit({ queryType: 'deliveries' }, { app: CoreApp.UnifiedAlerting });
  expect(types()).toEqual(['Deliveries', 'Statistics', 'Queue', 'Service statistics']);
  expect(screen.queryByLabelText('Logs')).not.toBeInTheDocument();
});

it('offers annotations what has a time of its own', () => {
  edit({ queryType: 'deliveries' }, { Editor: AnnotationEditor as typeof QueryEditor });
  expect(types()).toEqual(['Deliveries', 'Service mails']);
  expect(screen.queryByLabelText('Logs')).not.toBeInTheDocument();
});

it("offers the dashboard's variables where values are", async () => {
  const { seen, user } = edit({ queryType: 'deliveries' });
  await user.click(screen.getByLabelText('Status'));
  expect(screen.queryByRole('option', { name: '$datasource' })).not.toBeInTheDocument();
  await user.click(await screen.findByRole('option', { name: '$status' }));
  expect(seen.query.status).toEqual(['$status']);
  const list = screen.getByLabelText('Recipient').getAttribute('list');
  expect([...document.getElementById(list!)!.children].map((one) => one.getAttribute('value'))).toEqual(['$status']);
});
