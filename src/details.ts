// From the rows of a deliveries query to the details of one delivery, in the
// way that Grafana goes from a log line to its trace: a data link to Explore. And
// from there to the digest that tells of it, and back to all that a digest tells of.
import type { DataFrame, DataLink, DataQueryResponse, DataSourceInstanceSettings, Field } from '@grafana/data';
import { t } from './i18n';
import type { EmailQuery } from './types';

interface Leads {
  /** The fields that are clicked. */
  fields: string[];
  title: () => string;
  query: EmailQuery;
}

/** LINKS has, by table, where its fields lead. */
const LINKS: Record<string, Leads> = {
  deliveries: {
    // The subject is what a person would click; log lines have no such field.
    fields: ['id', 'subject'],
    title: () => t('delivery.show', 'Show details'),
    query: { refId: 'A', queryType: 'delivery', id: '${__data.fields.id}' },
  },
  recipients: {
    fields: ['digest'],
    title: () => t('delivery.show-digest', 'Show the digest'),
    query: { refId: 'A', queryType: 'delivery', id: '${__data.fields.digest}' },
  },
  delivery: {
    fields: ['notifications'],
    title: () => t('delivery.show-carried', 'Show what it carries'),
    query: { refId: 'A', queryType: 'deliveries', digest: '${__data.fields.id}' },
  },
};

/** withDetails links each delivery of an answer to its details, and to and from its digest. */
export function withDetails(
  response: DataQueryResponse,
  { uid, name }: Pick<DataSourceInstanceSettings, 'uid' | 'name'>,
) {
  const linked = (frame: DataFrame): DataFrame => {
    const leads = LINKS[frame.name ?? ''];
    if (!leads) {
      return frame;
    }
    const link: DataLink = {
      title: leads.title(),
      url: '',
      internal: { datasourceUid: uid, datasourceName: name, query: leads.query },
    };
    return {
      ...frame,
      fields: frame.fields.map((field: Field) =>
        leads.fields.includes(field.name) ? { ...field, config: { ...field.config, links: [link] } } : field,
      ),
    };
  };
  return { ...response, data: response.data.map(linked) };
}
