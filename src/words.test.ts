import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import i18next from 'i18next';
import { CoreApp, FieldType, getFieldDisplayName, MappingType, toDataFrame, type DataFrame } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import pluginJson from './plugin.json';
import { SERVICE_STATUSES, STATUSES } from './service';
import { withWords } from './words';

const locale = (language: string) =>
  JSON.parse(readFileSync(join(__dirname, 'locales', language, `${pluginJson.id}.json`), 'utf8'));

const hint = { hint: locale('en-US').remedy['service-too-old'], hintId: 'service-too-old' };

function answer(name: string, fields: Record<string, string>, notices: string[] = [], app?: CoreApp) {
  const frame = toDataFrame({
    name,
    fields: Object.entries(fields).map(([key, value]) => ({ name: key, values: [value] })),
    meta: {
      preferredVisualisationType: 'table',
      custom: { hints: [hint] },
      notices: notices.map((text) => ({ severity: 'info', text })),
    },
  });
  const [shown] = withWords({ data: [frame] }, app).data as DataFrame[];
  return shown;
}
const field = (frame: DataFrame, name: string) => frame.fields.find((one) => one.name === name);

describe.each(pluginJson.languages)('%s', (language) => {
  const words = locale(language);

  beforeAll(async () => {
    await initPluginTranslations(pluginJson.id);
    i18next.addResourceBundle(language, pluginJson.id, words);
    await i18next.changeLanguage(language);
  });

  it.each([
    ['mails', 'status'],
    ['recipients', 'service'],
  ])('shows each status of %s in words, and leaves its value to filters', (name, status) => {
    const shown = field(answer(name, { [status]: 'failed' }), status);
    expect(shown?.values).toEqual(['failed']);
    const [mapping] = shown?.config.mappings ?? [];
    expect(mapping.type).toBe(MappingType.ValueToText);
    for (const one of SERVICE_STATUSES) {
      expect(mapping.options).toHaveProperty([one, 'text'], words['service-status'][one]);
    }
  });

  it('says notices, and why something is unknown', () => {
    const said = words.remedy['service-too-old'];
    const shown = answer('recipients', { serviceMessage: `It answers 500. ${hint.hint}` }, [hint.hint, 'Another.']);
    expect(field(shown, 'serviceMessage')?.values).toEqual([`It answers 500. ${said}`]);
    expect(shown.meta?.notices?.map(({ text }) => text)).toEqual([said, 'Another.']);
  });
});

it.each(pluginJson.languages)('says in %s what to do about an error, which has no data', async (language) => {
  await i18next.changeLanguage(language);
  const { remedy } = locale('en-US');
  const failure = toDataFrame({
    name: 'failure',
    fields: [],
    meta: { custom: { hints: [{ hint: remedy['correct-query'], hintId: 'correct-query' }] } },
  });
  const error = { refId: 'A', message: `limit is -1. ${remedy['correct-query']}` };
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- Grafana's runtime sets both
  const shown = withWords({ data: [failure], error, errors: [error, { refId: 'B', message: 'another' }] });
  const said = { refId: 'A', message: `limit is -1. ${locale(language).remedy['correct-query']}` };
  expect(shown).toMatchObject({ data: [], error: said, errors: [said, { refId: 'B', message: 'another' }] });
});

describe('in English', () => {
  beforeAll(async () => void (await i18next.changeLanguage('en-US')));

  it.each([
    ['deliveries', 'status'],
    ['delivery', 'status'],
    ['recipients', 'status'],
  ])('shows the statuses of %s in words and colors', (name, key) => {
    const [mapping] = field(answer(name, { [key]: 'partial' }), key)?.config.mappings ?? [];
    for (const one of STATUSES) {
      expect(mapping.options).toHaveProperty([one, 'color'], expect.any(String));
    }
  });

  it('names columns in words where no transformation asks for their names', () => {
    const names = (app: CoreApp) => {
      const frame = answer('deliveries', { mailType: 'ad', nextAttempt: '' }, [], app);
      return frame.fields.map((one) => [one.name, getFieldDisplayName(one, frame)]);
    };
    expect(names(CoreApp.Explore)).toEqual([
      ['mailType', 'Mail type'],
      ['nextAttempt', 'Next attempt'],
    ]);
    expect(names(CoreApp.Dashboard)).toEqual([
      ['mailType', 'mailType'],
      ['nextAttempt', 'nextAttempt'],
    ]);
  });

  it.each([
    ['deliveries', 'partial', { status: 'partial', mailType: 'ad' }, 'Partly sent (Advertising)'],
    ['latency', 'p50', { quantile: 'p50', mailType: 'normal' }, 'p50 (Normal)'],
    ['queue', 'depth', { status: 'held' }, 'Held'],
    ['queue', 'oldestAge', undefined, 'Age of the oldest'],
    ['statistics', 'received', { event: 'received' }, 'Received'],
    ['statistics', 'failed', { event: 'failed', domain: 'gmail.com' }, 'Failed (gmail.com)'],
  ])('names a series of %s, %s, in words and leaves its name and labels', (name, key, labels, shown) => {
    const frame = toDataFrame({ name, fields: [{ name: key, type: FieldType.number, labels, values: [1] }] });
    const [worded] = withWords({ data: [frame] }).data as DataFrame[];
    const [one] = worded.fields;
    expect([one.name, one.labels, getFieldDisplayName(one, worded)]).toEqual([key, labels, shown]);
  });
});
