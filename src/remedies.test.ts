import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { translated } from './remedies';

jest.mock('./i18n', () => ({
  t: (id: string, _: string, values: object) => [id, ...Object.values(values ?? {})].join(),
}));

/** The remedies as the backend would say them of mail:25. */
const source = readFileSync(join(__dirname, '../pkg/smtp/hint.go'), 'utf8');
const hints = [...source.matchAll(/(?:return|Sprintf\() ?("[^"]{9,}")(?: \+ c\.address\(\) \+ ("[^"]+"))?/g)].map(
  ([, text, rest]) =>
    rest ? `${JSON.parse(text)}mail:25${JSON.parse(rest)}` : JSON.parse(text).replace(/%[sd]/, 'mail:25'),
);

it('knows every remedy of the backend', () => {
  expect(hints.length).toBeGreaterThan(20); // or they are written in another way now
  expect(hints.filter((hint) => translated(hint) === hint)).toEqual([]);
});

it('keeps what a remedy is about', () => {
  expect(translated('Nothing listens on mail:25: check host and port.')).toBe('remedy.nobody,mail:25');
});

it('leaves others as they came', () => expect(translated('Use another font.')).toBe('Use another font.'));
