// Grafana's packages and what they use ship as ES modules in part; Jest runs
// CommonJS, so those are translated like our own sources.
const esModules = [
  '@grafana',
  '.*-es',
  'd3.*',
  'internmap',
  'delaunator',
  'robust-predicates',
  'ol',
  'rbush',
  'quickselect',
  'react-data-grid',
  'react-colorful',
  'react-calendar',
  'get-user-locale',
  'memoize',
  'mimic-function',
  '@wojtekmaj/.*',
  'marked.*',
  'uuid',
  'earcut',
  'geotiff',
  'pbf',
  'uwrap',
  '@react-hookz/.*',
  '@ver0/.*',
].join('|');

export default {
  // A slow machine is no failure.
  testTimeout: 60_000,
  testEnvironment: 'jsdom',
  roots: ['<rootDir>/src'],
  setupFiles: ['<rootDir>/src/test/globals.ts'],
  setupFilesAfterEnv: ['<rootDir>/src/test/setup.ts'],
  transform: {
    '^.+\\.(t|j)sx?$|^.+\\.mjs$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic' } },
        },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules})/)`],
  moduleNameMapper: {
    '^react-inlinesvg$': '<rootDir>/src/test/icon.tsx',
    '\\.(css|svg)$': '<rootDir>/src/test/empty.ts',
  },
};
