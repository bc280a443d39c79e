// Bundles the page that loads dist/ where there is no Grafana. It is for the
// tests only; what it shares with the plugin is what Grafana shares.
import { resolve } from 'node:path';
import { rspack } from '@rspack/core';
import pluginConfig from '../../rspack.config.js';

const { target, resolve: extensions, module } = pluginConfig({}, {});
const i18n = resolve(import.meta.dirname, '../../node_modules/@grafana/i18n/dist/esm/i18n.mjs');

export default {
  mode: 'production',
  target,
  context: import.meta.dirname,
  entry: './main.tsx',
  resolve: {
    ...extensions,
    alias: {
      '@grafana/i18n/internal': i18n, // Grafana's own entry, which is not published
      'monaco-editor': false, // large, and the plugin has no code editor
    },
  },
  module: {
    rules: [...module.rules, { test: /\.m?js$/, resolve: { fullySpecified: false } }, { test: /\.css$/, type: 'css' }],
  },
  plugins: [new rspack.HtmlRspackPlugin({ template: 'index.html' })],
  output: {
    path: resolve(import.meta.dirname, '../../node_modules/.cache/e2e-page'),
    publicPath: '/page/',
    clean: true,
  },
  optimization: { minimize: false },
  performance: { hints: false },
  ignoreWarnings: [/.*/], // of Grafana's packages, which are not ours to mend
};
