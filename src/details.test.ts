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
