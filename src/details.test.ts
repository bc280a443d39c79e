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

it.each([
  ['recipients', 'digest', 'Show the digest', { queryType: 'delivery', id: '${__data.fields.digest}' }],
  ['delivery', 'notifications', 'Show what it carries', { queryType: 'deliveries', digest: '${__data.fields.id}' }],
])(
  'leads from the %s of a delivery to its digest, and from there to what that tells of',
  (name, field, title, query) => {
    const links = linksOf(withDetails(answer(name, ['id', field]), { uid: 'mail', name: 'Mail' }));
    expect(links).toEqual({
      id: undefined,
      [field]: [
        expect.objectContaining({
          title,
          internal: { datasourceUid: 'mail', datasourceName: 'Mail', query: { refId: 'A', ...query } },
        }),
      ],
    });
  },
);

it('leaves every other answer as it is', () => {
  const links = linksOf(withDetails(answer('attempts', ['subject', 'id']), { uid: 'mail', name: 'Mail' }));
  expect(links).toEqual({ subject: undefined, id: undefined });
});
