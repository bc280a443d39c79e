import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import i18next from 'i18next';
import { MappingType, toDataFrame, type DataFrame } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import pluginJson from './plugin.json';
import { SERVICE_STATUSES } from './service';
import { withServiceWords } from './serviceWords';

const locale = (language: string) =>
  JSON.parse(readFileSync(join(__dirname, 'locales', language, `${pluginJson.id}.json`), 'utf8'));

const hint = { hint: locale('en-US').remedy['service-too-old'], hintId: 'service-too-old' };

function answer(name: string, fields: Record<string, string>, notices: string[] = []) {
  const frame = toDataFrame({
    name,
    fields: Object.entries(fields).map(([key, value]) => ({ name: key, values: [value] })),
    meta: { custom: { hints: [hint] }, notices: notices.map((text) => ({ severity: 'info', text })) },
  });
  const [shown] = withServiceWords({ data: [frame] }).data as DataFrame[];
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

it('leaves the statuses of the delivery log alone', () => {
  expect(field(answer('deliveries', { status: 'failed' }), 'status')?.config.mappings).toBeUndefined();
  expect(field(answer('recipients', { status: 'failed' }), 'status')?.config.mappings).toBeUndefined();
});
