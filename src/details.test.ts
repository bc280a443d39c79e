import { toDataFrame } from '@grafana/data';
import { withDetails } from './details';

const answer = (name: string, fields: string[]) => ({
  data: [toDataFrame({ name, fields: fields.map((field) => ({ name: field, values: ['x'] })) })],
});
const linksOf = (response: ReturnType<typeof withDetails>) =>
  Object.fromEntries(
    response.data[0].fields.map(({ name, config }: { name: string; config: { links?: unknown } }) => [
      name,
      config.links,
    ]),
  );

it('leads from the subject and the id of a delivery to a query for that one', () => {
  const links = linksOf(withDetails(answer('deliveries', ['time', 'subject', 'id']), { uid: 'mail', name: 'Mail' }));
  const details = {
    title: 'Show details',
    internal: {
      datasourceUid: 'mail',
      datasourceName: 'Mail',
      query: { refId: 'A', queryType: 'delivery', id: '${__data.fields.id}' },
    },
  };
  expect(links).toEqual({
    time: undefined,
    subject: [expect.objectContaining(details)],
    id: [expect.objectContaining(details)],
  });
});

it('leaves every other answer as it is', () => {
  const links = linksOf(withDetails(answer('delivery', ['subject', 'id']), { uid: 'mail', name: 'Mail' }));
  expect(links).toEqual({ subject: undefined, id: undefined });
});

it('gives the words of a table room, but not what it is told to leave narrow', () => {
  const frame = toDataFrame({
    name: 'attempts',
    meta: { preferredVisualisationType: 'table' },
    fields: [
      { name: 'message', values: [] },
      { name: 'code', values: [] },
      { name: 'time', config: { custom: { minWidth: 80 } } },
    ],
  });
  const { data } = withDetails({ data: [frame] }, { uid: 'mail', name: 'Mail' });
  const widths = data[0].fields.map(
    ({ config }: { config: { custom?: { minWidth?: number } } }) => config.custom?.minWidth,
  );
  expect(widths).toEqual([400, undefined, 80]);
});
