import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pluginJson from './plugin.json';
import { sourceMessages } from './test/messages';

type Tree = { [key: string]: string | Tree };

const flatten = (tree: Tree, prefix = ''): Array<[string, string]> =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flatten(value, `${prefix}${key}.`),
  );

const locale = (language: string) =>
  Object.fromEntries(
    flatten(JSON.parse(readFileSync(join(__dirname, 'locales', language, `${pluginJson.id}.json`), 'utf8'))),
  );

const placeholders = (message: string) => (message.match(/{{.*?}}/g) ?? []).sort();

const source = Object.fromEntries(sourceMessages(__dirname));

// The remedies and problems are the backend's, whose tests compare them (pkg/failure, pkg/settings).
const own = (messages: Record<string, string>) =>
  Object.fromEntries(Object.entries(messages).filter(([key]) => !/^(remedy|problem)\./.test(key)));

it('has in English what the sources say', () => expect(own(locale('en-US'))).toEqual(source));

describe.each(pluginJson.languages)('%s', (language) => {
  const messages = own(locale(language));

  it('has every message and no other', () => expect(Object.keys(messages).sort()).toEqual(Object.keys(source).sort()));

  it('says something everywhere', () =>
    expect(Object.entries(messages).filter(([, message]) => message.trim() === '')).toEqual([]));

  it('fills in the same values', () => {
    for (const [key, message] of Object.entries(messages)) {
      expect([key, placeholders(message)]).toEqual([key, placeholders(source[key] ?? '')]);
    }
  });
});
