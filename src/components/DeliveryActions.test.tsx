import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { LoadingState, toDataFrame, type PanelData } from '@grafana/data';
import { config as grafana } from '@grafana/runtime';
import { backend } from '../test/backend';
import { DeliveryActions } from './DeliveryActions';

const route = 'POST /api/datasources/uid/mail/resources/deliveries/1';

const found = (status: string, refId = 'A') =>
  ({
    state: LoadingState.Done,
    series: [
      toDataFrame({
        refId,
        name: 'delivery',
        fields: [
          { name: 'status', values: [status] },
          { name: 'id', values: ['1'] },
        ],
      }),
    ],
  }) as unknown as PanelData;

function show(data: PanelData | undefined, orgRole = 'Editor') {
  Object.assign(grafana, { bootData: { user: { orgRole } } });
  const run = jest.fn();
  const ask = jest.fn();
  render(<DeliveryActions uid="mail" refId="A" data={data} onRunQuery={run} onShow={ask} />);
  return { run, ask, user: userEvent.setup({ delay: null }) };
}

/** withRecipients adds to what was found who is told of it in which digest. */
const withRecipients = (data: PanelData, digests: Record<string, string>): PanelData => ({
  ...data,
  series: [
    ...data.series,
    toDataFrame({
      refId: 'A',
      name: 'recipients',
      fields: [
        { name: 'address', values: Object.keys(digests) },
        { name: 'digest', values: Object.values(digests) },
      ],
    }),
  ],
});

const offered = () =>
  screen.queryAllByRole('button', { name: /^(Retry now|Send now|Cancel the mail)$/ }).map((b) => b.textContent);

it.each([
  ['collecting', 'Collecting', ['Send now', 'Cancel the mail']],
  ['digested', 'In digest', []],
  ['queued', 'Queued', ['Retry now', 'Cancel the mail']],
  ['held', 'Held', ['Retry now', 'Cancel the mail']],
  ['failed', 'Failed', ['Retry now']],
  ['sending', 'Sending', []],
  ['sent', 'Sent', []],
  ['cancelled', 'Cancelled', []],
])('says that a delivery is %s and offers what can be done', (status, name, actions) => {
  show(found(status));
  expect(screen.getByText(name)).toBeInTheDocument();
  expect(offered()).toEqual(actions);
});

it('retries, and looks for the outcome', async () => {
  backend.reset({ [`${route}/retry`]: { id: '1', status: 'queued' } });
  const { run, user } = show(found('queued'));
  await user.click(screen.getByRole('button', { name: 'Retry now' }));
  await waitFor(() => expect(run.mock.calls.length).toBeGreaterThan(1), { timeout: 30_000 });
  expect(backend.requests.map(({ route }) => route)).toEqual([`${route}/retry`]);
});

it('asks before it takes a mail back', async () => {
  backend.reset({ [`${route}/cancel`]: { id: '1', status: 'cancelled' } });
  const { run, user } = show(found('held'));
  await user.click(screen.getByRole('button', { name: 'Cancel the mail' }));
  expect(backend.requests).toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Do not send it' }));
  await waitFor(() => expect(run).toHaveBeenCalled());
  expect(backend.requests.map(({ route }) => route)).toEqual([`${route}/cancel`]);
});

it('sends a digest now, and says what cancelling it loses', async () => {
  backend.reset({ [`${route}/retry`]: { id: '1', status: 'queued' } });
  const { user } = show(found('collecting'));
  await user.click(screen.getByRole('button', { name: 'Cancel the mail' }));
  expect(screen.getByText(/What it has collected is mailed in no other way/)).toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Keep it' }));
  await user.click(screen.getByRole('button', { name: 'Send now' }));
  await waitFor(() => expect(backend.requests.map(({ route }) => route)).toEqual([`${route}/retry`]));
});

it('leads a Viewer to the digest that tells of a delivery', async () => {
  const { ask, user } = show(withRecipients(found('partial'), { 'a@example.com': '', 'b@example.com': '7' }), 'Viewer');
  await user.click(screen.getByRole('button', { name: 'Show the digest' }));
  expect(ask).toHaveBeenCalledWith({ queryType: 'delivery', id: '7' });
});

it('names the recipient where there are several digests', () => {
  show(withRecipients(found('digested'), { 'a@example.com': '6', 'b@example.com': '7' }));
  expect(screen.getByRole('button', { name: 'Show the digest of b@example.com' })).toBeInTheDocument();
});

it('leads from a digest to all that it tells of', async () => {
  const data = found('sent');
  data.series[0].fields.push({ name: 'notifications', values: [37] } as never);
  const { ask, user } = show(data);
  await user.click(screen.getByRole('button', { name: 'Show the 37 notifications in it' }));
  expect(ask).toHaveBeenCalledWith({ queryType: 'deliveries', id: undefined, digest: '1' });
});

it('says why it was refused', async () => {
  const error = 'retrying is not possible: the delivery is failed and its mail is no longer kept';
  backend.reset({ [`${route}/retry`]: { refuse: 409, data: { error, code: 'state' } } });
  const { user } = show(found('failed'));
  await user.click(screen.getByRole('button', { name: 'Retry now' }));
  expect(await screen.findByText(error)).toBeInTheDocument();
});

it('tells a Viewer which role it takes', () => {
  show(found('queued'), 'Viewer');
  expect(offered()).toEqual([]);
  expect(screen.getByText(/you need the role Editor/)).toBeInTheDocument();
});

it('shows nothing of what another query found', () => {
  show(found('queued', 'B'));
  expect(screen.queryByText('Queued')).not.toBeInTheDocument();
});
