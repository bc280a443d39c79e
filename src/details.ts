// What the browser adds to the answers of the backend: from each row of a
// deliveries query a data link to Explore with the details of that delivery, as
// Grafana goes from a log line to its trace; and room for what the columns hold.
import type { DataFrame, DataLink, DataQueryResponse, DataSourceInstanceSettings, Field } from '@grafana/data';
import { t } from './i18n';
import type { EmailQuery } from './types';

// The subject is what a person would click; log lines have no such field.
const LINKED = ['id', 'subject'];

/** detailsQuery asks for one delivery. */
export const detailsQuery = (id: string): EmailQuery => ({ refId: 'A', queryType: 'delivery', id });

// Grafana gives a column of a table 150 pixels, which cut a time's minutes and
// all but the first of the relay's words.
const MIN_WIDTH: Record<string, number> = {
  time: 200,
  updated: 200,
  nextAttempt: 200,
  expires: 200,
  subject: 300,
  recipients: 200,
  reason: 400,
  message: 400,
  messageId: 350,
  id: 310,
};

const roomy = (field: Field): Field =>
  MIN_WIDTH[field.name]
    ? { ...field, config: { ...field.config, custom: { minWidth: MIN_WIDTH[field.name], ...field.config.custom } } }
    : field;

/** withDetails links each delivery of an answer to its details, and widens the columns of tables. */
export function withDetails(
  response: DataQueryResponse,
  { uid, name }: Pick<DataSourceInstanceSettings, 'uid' | 'name'>,
) {
  const link: DataLink = {
    title: t('delivery.show', 'Show details'),
    url: '',
    internal: { datasourceUid: uid, datasourceName: name, query: detailsQuery('${__data.fields.id}') },
  };
  const linked = (field: Field): Field =>
    LINKED.includes(field.name) ? { ...field, config: { ...field.config, links: [link] } } : field;
  return {
    ...response,
    data: response.data.map((frame: DataFrame) => {
      const fields = frame.meta?.preferredVisualisationType === 'table' ? frame.fields.map(roomy) : frame.fields;
      return { ...frame, fields: frame.name === 'deliveries' ? fields.map(linked) : fields };
    }),
  };
}
