import './publicPath';
import { DataSourcePlugin } from '@grafana/data';
import { DataSource } from './datasource';
import { lazyTranslated } from './lazy';
import type { EmailJsonData, EmailQuery, EmailSecureJsonData } from './types';

// Chunks have names of their own, so that a build replaces the files of the last.
export const plugin = new DataSourcePlugin<DataSource, EmailQuery, EmailJsonData, EmailSecureJsonData>(DataSource)
  .setConfigEditor(lazyTranslated(() => import(/* webpackChunkName: "config-editor" */ './components/ConfigEditor')))
  .setQueryEditor(lazyTranslated(() => import(/* webpackChunkName: "query-editor" */ './components/QueryEditor')))
  .setQueryEditorHelp(lazyTranslated(() => import(/* webpackChunkName: "query-help" */ './components/QueryHelp')));
