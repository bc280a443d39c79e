import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import i18next from 'i18next';
import { initPluginTranslations } from '@grafana/i18n';
import pluginJson from './plugin.json';
import { problemText, translated } from './remedies';

type Messages = Record<string, string>;

const locale = (language: string): { remedy: Messages; problem: Messages } =>
  JSON.parse(readFileSync(join(__dirname, 'locales', language, `${pluginJson.id}.json`), 'utf8'));

const english = locale('en-US').remedy;
const problems = locale('en-US').problem;

describe.each(pluginJson.languages)('%s', (language) => {
  const { remedy, problem } = locale(language);

  beforeAll(async () => {
    await initPluginTranslations(pluginJson.id);
    i18next.addResourceBundle(language, pluginJson.id, locale(language));
    await i18next.changeLanguage(language);
  });

  // An address or a name of a host may hold what HTML and i18next take for their own.
  const value = (name: string) => `<${name}> & "$t(x)"`;

  it.each(Object.keys(english))('says %s, with what it is about', (hintId) => {
    const names = [...english[hintId].matchAll(/{{(\w+)}}/g)].map(([, name]) => name);
    const hintArgs = Object.fromEntries(names.map((name) => [name, value(name)]));
    const shown = translated({ hint: english[hintId], hintId, hintArgs });
    expect(shown).toBe(remedy[hintId].replaceAll(/{{(\w+)}}/g, (_, name: string) => value(name)));
    expect(shown === english[hintId]).toBe(language === 'en-US' && names.length === 0);
  });

  it.each(Object.keys(problems))('says the problem %s at its field, with what is quoted', (code) => {
    const names = [...problems[code].matchAll(/{{(\w+)}}/g)].map(([, name]) => name);
    const params = Object.fromEntries(names.map((name) => [name, value(name)]));
    const shown = problemText({ key: 'host', code, params, message: 'for the log' });
    expect(shown).toBe(problem[code].replaceAll(/{{(\w+)}}/g, (_, name: string) => value(name)));
    expect(shown === problems[code]).toBe(language === 'en-US' && names.length === 0);
  });
});
