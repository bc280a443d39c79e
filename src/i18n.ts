import { t as translate } from '@grafana/i18n';

/**
 * t translates a message of this plugin. Values are not HTML-escaped: React
 * escapes what it renders, and addresses hold < and >.
 */
export const t = (id: string, message: string, values?: Record<string, string | number>): string =>
  translate(id, message, { ...values, interpolation: { escapeValue: false } });
