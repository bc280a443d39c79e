// The defaults and ranges of the editor are those of the settings' schema; the
// types are held to it by pkg/settings/schema_test.go.
import schema from '../pkg/settings/settings.schema.json';
import { DEFAULTS, readSettings } from './service';
import { LIMITS } from './validate';

interface Property {
  description?: string;
  type?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
}
const properties = Object.entries<Property>(schema.properties.jsonData.properties);

it('fills in the defaults of the schema', () => {
  const defaults = Object.fromEntries(properties.flatMap(([key, p]) => ('default' in p ? [[key, p.default]] : [])));
  expect(defaults).toMatchObject(DEFAULTS);
  expect(readSettings({})).toEqual({ ...defaults, port: 587 });
});

it('has the ranges of the schema', () => {
  expect(LIMITS).toEqual(
    Object.fromEntries(
      properties.filter(([, p]) => p.type === 'integer').map(([key, p]) => [key, [p.minimum, p.maximum]]),
    ),
  );
});
