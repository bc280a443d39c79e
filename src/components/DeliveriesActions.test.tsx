import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { LoadingState, toDataFrame, type PanelData } from '@grafana/data';
import { config as grafana } from '@grafana/runtime';
import { backend } from '../test/backend';
import { DeliveriesActions } from './DeliveriesActions';

const route = (id: string, action: string) => `POST /api/datasources/uid/mail/resources/deliveries/${id}/${action}`;
const statuses = ['sent', 'queued', 'held', 'failed', 'sending'];
const ids = statuses.map((_, i) => String(i));

const table = [
  { name: 'id', values: ids },
  { name: 'status', values: statuses },
];
const logs = [
  { name: 'id', values: ids },
  { name: 'labels', values: statuses.map((status) => ({ status })) },
];

function show(fields: object[], orgRole = 'Editor') {
  Object.assign(grafana, { bootData: { user: { orgRole } } });
  const run = jest.fn();
  const series = [toDataFrame({ refId: 'A', name: 'deliveries', fields } as never)];
  const data = { state: LoadingState.Done, series } as unknown as PanelData;
  render(<DeliveriesActions uid="mail" refId="A" data={data} onRunQuery={run} />);
  return { run, user: userEvent.setup({ delay: null }) };
}

const asked = () => backend.requests.map((request) => request.route);

it.each([
  ['a table', table],
  ['log lines', logs],
])('retries what waits or failed of %s, and tells what was over meanwhile', async (_, fields) => {
  backend.reset({
    [route('1', 'retry')]: { id: '1' },
    [route('2', 'retry')]: { refuse: 409, data: { error: 'the delivery is sent', code: 'state' } },
    [route('3', 'retry')]: { id: '3' },
  });
  const { run, user } = show(fields);
  await user.click(screen.getByRole('button', { name: 'Retry all that wait or failed (3)' }));
  expect(asked()).toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Retry now' }));
  expect(await screen.findByText('Tried now: 2. Already sent or ended: 1.')).toBeInTheDocument();
  expect(asked()).toEqual(['1', '2', '3'].map((id) => route(id, 'retry')));
  expect(run).toHaveBeenCalledTimes(1);
});

it('asks before it takes mails back', async () => {
  backend.reset({ [route('1', 'cancel')]: { id: '1' }, [route('2', 'cancel')]: { id: '2' } });
  const { user } = show(table);
  await user.click(screen.getByRole('button', { name: 'Cancel all that wait (2)' }));
  await user.click(screen.getByRole('button', { name: 'Do not send them' }));
  expect(await screen.findByText('Cancelled: 2. Already sent or ended: 0.')).toBeInTheDocument();
});

it('stops at a refusal and says why', async () => {
  const error = 'there are too many requests to this data source';
  backend.reset({ [route('1', 'cancel')]: { refuse: 429, data: { error, code: 'rate' } } });
  const { run, user } = show(table);
  await user.click(screen.getByRole('button', { name: 'Cancel all that wait (2)' }));
  await user.click(screen.getByRole('button', { name: 'Do not send them' }));
  expect(await screen.findByText(error)).toBeInTheDocument();
  expect(asked()).toEqual([route('1', 'cancel')]);
  await waitFor(() => expect(run).toHaveBeenCalledTimes(1));
});

it('offers a Viewer nothing', () => {
  show(table, 'Viewer');
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
});
