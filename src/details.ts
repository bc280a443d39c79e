// From the rows of a deliveries query to the details of one delivery, in the
// way that Grafana goes from a log line to its trace: a data link to Explore.
import type { DataFrame, DataLink, DataQueryResponse, DataSourceInstanceSettings, Field } from '@grafana/data';
import { t } from './i18n';
import type { EmailQuery } from './types';

// The subject is what a person would click; log lines have no such field.
const LINKED = ['id', 'subject'];

/** detailsQuery asks for one delivery. */
const detailsQuery = (id: string): EmailQuery => ({ refId: 'A', queryType: 'delivery', id });

/** withDetails links each delivery of an answer to its details. */
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
    data: response.data.map((frame: DataFrame) =>
      frame.name === 'deliveries' ? { ...frame, fields: frame.fields.map(linked) } : frame,
    ),
  };
}
