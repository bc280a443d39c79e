// What an answer's fields hold and are called, in the user's language. The names and the
// values of the fields stay as they are: filters, transformations and alert rules have them.
import {
  CoreApp,
  FieldColorModeId,
  FieldType,
  MappingType,
  type DataFrame,
  type DataQueryError,
  type DataQueryResponse,
  type Field,
  type FieldConfig,
  type ValueMapping,
} from '@grafana/data';
import {
  columnName,
  mailTypeName,
  serviceEventName,
  serviceStatusName,
  stageName,
  statusName,
} from './components/names';
import { t } from './i18n';
import { translated, type Hint } from './remedies';
import { MAIL_TYPES, SERVICE_STATUSES, STATUSES } from './service';

type Words = readonly string[];
type Colors = Record<string, string>;

const COLORS: Record<(typeof STATUSES)[number], string> = {
  collecting: 'purple',
  queued: 'blue',
  sending: 'light-blue',
  held: 'orange',
  sent: 'green',
  partial: 'yellow',
  digested: 'light-purple',
  failed: 'red',
  expired: 'dark-red',
  cancelled: 'gray',
};
const SERVICE_COLORS: Colors = {
  delivered: 'green',
  sent: 'yellow',
  failed: 'red',
  refused: 'orange',
  unverified: 'red',
  whitelist: 'orange',
};
const EVENT_COLORS: Colors = {
  requested: 'blue',
  sent: 'light-blue',
  received: 'green',
  failed: 'red',
  opened: 'purple',
};
const STAGES = ['dial', 'greeting', 'ehlo', 'starttls', 'tls', 'ehlo_tls', 'auth', 'quit'];

/** mapped shows each word by its name. */
function mapped(words: Words, name: (word: string) => string, colors: Colors = {}): FieldConfig {
  const mapping: ValueMapping = {
    type: MappingType.ValueToText,
    options: Object.fromEntries(words.map((word, index) => [word, { text: name(word), color: colors[word], index }])),
  };
  return { mappings: [mapping] };
}

const status = () => mapped(STATUSES, statusName, COLORS);
const serviceStatus = () => mapped(SERVICE_STATUSES, serviceStatusName, SERVICE_COLORS);
const mailType = () => mapped(MAIL_TYPES, mailTypeName);

/** VALUES has, by table and column, how its values are shown. */
const VALUES: Record<string, Record<string, () => FieldConfig>> = {
  deliveries: { status, mailType },
  delivery: { status, mailType },
  recipients: { status, service: serviceStatus },
  attempts: {
    stage: () => mapped(STAGES, stageName),
    outcome: status,
  },
  mails: { status: serviceStatus },
};

/** seriesConfig names a series of numbers after its labels. */
function seriesConfig({ name, labels = {} }: Field): FieldConfig {
  const { status, mailType, quantile, event, domain } = labels;
  const colored = (color?: string): FieldConfig =>
    color ? { color: { mode: FieldColorModeId.Fixed, fixedColor: color } } : {};
  const ofType = (text: string) => (mailType ? `${text} (${mailTypeName(mailType)})` : text);
  switch (true) {
    case event !== undefined && domain !== undefined:
      return { displayNameFromDS: `${serviceEventName(event)} (${domain})` };
    case event !== undefined:
      return { displayNameFromDS: serviceEventName(event), ...colored(EVENT_COLORS[event]) };
    case quantile !== undefined:
      return { displayNameFromDS: ofType(quantile) };
    case name === 'depth':
      return { displayNameFromDS: statusName(status) }; // panels color what waits by how much it is
    case name === 'oldestAge':
      return { displayNameFromDS: t('query.oldest-age', 'Age of the oldest') };
    case status !== undefined:
      return { displayNameFromDS: ofType(statusName(status)), ...colored((COLORS as Colors)[status]) };
    default:
      return {};
  }
}

/**
 * withWords shows an answer in the user's language: statuses, series, notices, what to do
 * about errors and, in Explore, the names of columns. In a dashboard these stay, since its
 * transformations know columns by the name that is shown.
 */
export function withWords(response: DataQueryResponse, app?: string): DataQueryResponse {
  const frames: DataFrame[] = response.data;
  const isFailure = ({ name }: DataFrame) => name === 'failure'; // it has nothing but the hint of an error
  const say = speaker(frames.filter(isFailure));
  const inLanguage = (error: DataQueryError) => ({ ...error, message: error.message && say(error.message) });
  return {
    ...response,
    data: frames.filter((frame) => !isFailure(frame)).map((frame) => inWords(frame, app === CoreApp.Explore)),
    errors: response.errors?.map(inLanguage),
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- Grafana's runtime sets both
    error: response.error && inLanguage(response.error),
  };
}

/** speaker translates, in a text, the hints that came with the frames. */
function speaker(frames: DataFrame[]) {
  const hints: Hint[] = frames.flatMap((frame) => frame.meta?.custom?.hints ?? []);
  return (text: string) =>
    hints.reduce((said, hint) => (hint.hint ? said.replaceAll(hint.hint, () => translated(hint)) : said), text);
}

function inWords(frame: DataFrame, named: boolean): DataFrame {
  const say = speaker([frame]);
  const values = VALUES[frame.name ?? ''];
  const isTable = values !== undefined && frame.meta?.preferredVisualisationType === 'table';
  const config = (field: Field): FieldConfig =>
    field.type === FieldType.number && !isTable
      ? seriesConfig(field)
      : { ...values?.[field.name]?.(), ...(named && isTable ? { displayNameFromDS: columnName(field.name) } : {}) };
  return {
    ...frame,
    fields: frame.fields.map((field) => ({
      ...field,
      config: { ...field.config, ...config(field) },
      values: field.name === 'serviceMessage' ? field.values.map(say) : field.values,
    })),
    meta: frame.meta && {
      ...frame.meta,
      notices: frame.meta.notices?.map((notice) => ({ ...notice, text: say(notice.text) })),
    },
  };
}
