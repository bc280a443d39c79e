// Loads a plugin as Grafana does: SystemJS reads the AMD module, and what
// Grafana shares with plugins comes from this page.
/// <reference types="systemjs" />
import 'systemjs/dist/system';
import 'systemjs/dist/extras/amd';
import 'systemjs/dist/extras/named-register';
import * as emotionCss from '@emotion/css';
import * as emotionReact from '@emotion/react';
import * as grafanaData from '@grafana/data';
import { addResourceBundle, getI18nInstance, getResolvedLanguage } from '@grafana/i18n/internal';
import * as grafanaRuntime from '@grafana/runtime';
import * as grafanaUi from '@grafana/ui';
import lodash from 'lodash';
import * as react from 'react';
import * as reactJsxRuntime from 'react/jsx-runtime';
import * as reactDom from 'react-dom';
import * as rxjs from 'rxjs';
import * as rxjsOperators from 'rxjs/operators';

const shared: Record<string, () => object> = {
  '@emotion/css': () => emotionCss,
  '@emotion/react': () => emotionReact,
  '@grafana/data': () => grafanaData,
  '@grafana/runtime': () => grafanaRuntime,
  '@grafana/ui': () => grafanaUi,
  i18next: getI18nInstance,
  lodash: () => ({ ...lodash, default: lodash }),
  react: () => react,
  'react/jsx-runtime': () => reactJsxRuntime,
  'react-dom': () => reactDom,
  rxjs: () => rxjs,
  'rxjs/operators': () => rxjsOperators,
};

for (const [name, module] of Object.entries(shared)) {
  System.register(`package:${name}`, [], (_export) => ({ execute: () => void _export(module() as never) }));
}
System.addImportMap({
  imports: Object.fromEntries(Object.keys(shared).map((name) => [name, `package:${name}`])),
});

// Grafana fetches a plugin's files rather than making script elements of them.
Object.assign(System.constructor.prototype, { shouldFetch: () => true });

/** loadPlugin loads the module and the messages of the plugin in a folder. */
export async function loadPlugin(folder: string) {
  const meta = await (await fetch(`${folder}/plugin.json`)).json();
  const language = getResolvedLanguage();
  const messages = await fetch(`${folder}/locales/${language}/${meta.id}.json`);
  addResourceBundle(language, meta.id, await messages.json());
  const { plugin } = await System.import(`${folder}/module.js`);
  plugin.meta = { ...meta, baseUrl: folder };
  return plugin;
}
