// Builds dist/ as Grafana loads it: an AMD module.js whose shared modules come
// from Grafana itself, chunks beside it, and the files of the plugin as they are.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { rspack } from '@rspack/core';

const root = import.meta.dirname;
const pluginId = 'nhncloud-email-datasource';
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
const today = new Date().toISOString().slice(0, 10);

// What Grafana 12.3 to 13 shares with plugins. Bundling any of these would give
// the plugin a second React, i18next or theme. `module` is the loader's own: it
// tells where module.js came from.
const shared = [
  'module',
  'react',
  'react/jsx-runtime',
  'react-dom',
  'i18next',
  'lodash',
  'rxjs',
  'rxjs/operators',
  '@emotion/css',
  '@emotion/react',
  '@grafana/data',
  '@grafana/runtime',
  '@grafana/ui',
];

const files = ['README.md', 'CHANGELOG.md', 'LICENSE'].filter((name) => existsSync(resolve(root, name)));

export default (_env, { mode = 'production' }) => ({
  mode,
  target: ['web', 'es2022'],
  context: resolve(root, 'src'),
  entry: { module: './module.ts' },
  devtool: 'source-map',
  externals: shared,
  externalsType: 'amd',
  resolve: { extensions: ['.ts', '.tsx', '.js'] },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        exclude: /node_modules/,
        loader: 'builtin:swc-loader',
        options: {
          jsc: {
            target: 'es2022',
            parser: { syntax: 'typescript', tsx: true },
            transform: { react: { runtime: 'automatic' } },
          },
        },
      },
      // Templates and samples that the editor shows or sends as they are.
      { resourceQuery: /raw/, type: 'asset/source' },
    ],
  },
  plugins: [
    new rspack.CopyRspackPlugin({
      patterns: [
        {
          from: 'plugin.json',
          transform: (text) => String(text).replace('%VERSION%', version).replace('%TODAY%', today),
        },
        { from: 'img/**/*' },
        { from: 'locales/**/*.json' },
        { from: 'dashboards/**/*.json', noErrorOnMissing: true },
        ...files.map((name) => ({ from: resolve(root, name) })),
      ],
    }),
  ],
  output: {
    path: resolve(root, 'dist'),
    filename: '[name].js',
    chunkFilename: '[name].js?_cache=[contenthash]',
    library: { type: 'amd' },
    publicPath: `public/plugins/${pluginId}/`,
    uniqueName: pluginId,
    crossOriginLoading: 'anonymous',
    // Another step of the build puts the backend's executables here.
    clean: { keep: /[\\/](gpx_|go_plugin_build_manifest|MANIFEST)[^\\/]*$/ },
  },
  performance: { hints: false },
});
