import { initPluginTranslations, t as translate } from '@grafana/i18n';
import { PLUGIN_ID } from './service';

/**
 * english is what Grafana does not load, for it is the language of the sources: but what
 * the backend's codes stand for is in no source, and would be told in the words of its log.
 */
const english = async (language: string) =>
  language === 'en-US' ? (await import(/* webpackChunkName: "english" */ './english')).english : {};

/** translations waits for those that Grafana loads for the plugin: t has the language of the user from then on. */
export const translations = () => initPluginTranslations(PLUGIN_ID, [english]);

/**
 * t translates a message of this plugin. Values are not HTML-escaped: React
 * escapes what it renders, and addresses hold < and >.
 */
export const t = (id: string, message: string, values?: Record<string, string | number>): string =>
  translate(id, message, { ...values, interpolation: { escapeValue: false } });
