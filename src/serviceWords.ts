// What the service says of mail comes in ids and in English; the page shows it in the
// language of its reader. The values stay as they are for filters and alert rules.
import { MappingType, type DataFrame, type DataQueryResponse, type Field, type ValueMapping } from '@grafana/data';
import { serviceStatusName } from './components/names';
import { translated, type Hint } from './remedies';
import { SERVICE_STATUSES } from './service';

/** The field of each frame that holds what the service says. */
const STATUS_FIELD: Record<string, string> = { mails: 'status', recipients: 'service' };

const COLORS: Partial<Record<(typeof SERVICE_STATUSES)[number], string>> = {
  delivered: 'green',
  sent: 'yellow',
  failed: 'red',
  refused: 'orange',
  unverified: 'red',
  whitelist: 'orange',
};

const statusNames = (): ValueMapping => ({
  type: MappingType.ValueToText,
  options: Object.fromEntries(
    SERVICE_STATUSES.map((status, index) => [
      status,
      { text: serviceStatusName(status), color: COLORS[status], index },
    ]),
  ),
});

/** withServiceWords puts into words what the frames of an answer have from the service. */
export function withServiceWords(response: DataQueryResponse): DataQueryResponse {
  return { ...response, data: response.data.map(inWords) };
}

function inWords(frame: DataFrame): DataFrame {
  const hints: Hint[] = frame.meta?.custom?.hints ?? [];
  const say = (text: string) =>
    hints.reduce((said, hint) => (hint.hint ? said.replaceAll(hint.hint, () => translated(hint)) : said), text);
  const status = STATUS_FIELD[frame.name ?? ''];
  const field = (one: Field): Field => {
    switch (one.name) {
      case status:
        return { ...one, config: { ...one.config, mappings: [statusNames()] } };
      case 'serviceMessage':
        return { ...one, values: one.values.map(say) };
      default:
        return one;
    }
  };
  return {
    ...frame,
    fields: frame.fields.map(field),
    meta: frame.meta && {
      ...frame.meta,
      notices: frame.meta.notices?.map((notice) => ({ ...notice, text: say(notice.text) })),
    },
  };
}
