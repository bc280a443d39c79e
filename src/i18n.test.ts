import { translations } from './i18n';
import { problemText, translated } from './remedies';

// Grafana loads no file for its default language.
it('says in English, too, what the page calls a setting, not what the log does', async () => {
  await translations();
  const problem = { key: 'appKey', code: 'app-key-missing', message: 'appKey is missing' } as const;
  expect(problemText(problem)).toBe('The AppKey is required. Copy it from the NHN Cloud console.');
  expect(translated({ hint: 'Check fromAddress', hintId: 'sender' })).toMatch(/^Check From address:/);
});
