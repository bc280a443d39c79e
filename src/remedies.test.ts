import { translated } from './remedies';

jest.mock('@grafana/i18n', () => ({
  t: (id: string, _: string, { address }: Record<string, unknown>) => [id, address].join(),
}));

it('asks for a hint by its id, with what it is about', () =>
  expect(translated({ hint: 'Nothing listens.', hintId: 'nobody', hintArgs: { address: 'mail:25' } })).toBe(
    'remedy.nobody,mail:25',
  ));

it('leaves one without an id as it came', () =>
  expect(translated({ hint: 'Use another font.' })).toBe('Use another font.'));
