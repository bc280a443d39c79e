// Writes src/settings.ts from the schema of the settings: their types, and what the
// page needs of their defaults, choices and ranges. With --check it fails where the
// file is not what it would write.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compile } from 'json-schema-to-typescript';
import { format, resolveConfig } from 'prettier';

const target = resolve(import.meta.dirname, 'src/settings.ts');
const schema = JSON.parse(readFileSync(resolve(import.meta.dirname, 'pkg/settings/settings.schema.json'), 'utf8'));
const { jsonData, secureJsonData } = schema.properties;
const properties = Object.entries(jsonData.properties);

/** pick lists the keys for which there is a value, with it. */
const pick = (value) =>
  Object.fromEntries(properties.map(([key, p]) => [key, value(p)]).filter(([, v]) => v !== undefined));
const ofType = (type) => properties.filter(([, p]) => p.type === type).map(([key]) => key);
const { maxItems, items } = jsonData.properties.profiles;
const constant = (comment, name, value) =>
  `/** ${name} ${comment} */\nexport const ${name} = ${JSON.stringify(value)} as const;\n`;

// On the page every key may be missing yet, and no field has the secrets of contact points.
const types = await compile(
  {
    ...schema,
    title: 'SavedSettings',
    properties: {
      jsonData: { ...jsonData, required: [] },
      secureJsonData: { ...secureJsonData, required: [], patternProperties: undefined },
    },
  },
  'SavedSettings',
  { additionalProperties: false, bannerComment: '', format: false, ignoreMinAndMaxItems: true },
);
const source = [
  '// Generated from pkg/settings/settings.schema.json by npm run generate.\n',
  types,
  constant(
    'are the values of the keys that are unset.',
    'DEFAULTS',
    pick((p) => p.default),
  ),
  constant(
    'lists the words of the keys that take one of a few.',
    'CHOICES',
    pick((p) => p.enum),
  ),
  constant(
    'has the ranges of the numbers.',
    'LIMITS',
    pick((p) => (p.type === 'integer' ? [p.minimum, p.maximum] : undefined)),
  ),
  constant(
    'are the keys that hold a list.',
    'LISTS',
    ofType('array').filter((key) => key !== 'profiles'),
  ),
  constant('are the keys that are on or off.', 'FLAGS', ofType('boolean')),
  constant('is how many profiles there may be.', 'MAX_PROFILES', maxItems),
  constant(
    "are the keys that a profile may have in place of the data source's.",
    'PROFILE_KEYS',
    Object.keys(items.properties).filter((key) => key in jsonData.properties),
  ),
  constant('are the days of a digest.', 'WEEKDAYS', items.properties.digestDays.items.enum),
  constant('are the keys of secureJsonData.', 'SECRETS', Object.keys(secureJsonData.properties)),
].join('\n');
const generated = await format(source, { ...(await resolveConfig(target)), filepath: target });

if (!process.argv.includes('--check')) {
  writeFileSync(target, generated);
} else if (readFileSync(target, 'utf8') !== generated) {
  throw new Error('src/settings.ts is not what the schema says: npm run generate');
}
