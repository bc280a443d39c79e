// Grafana's own entry of @grafana/i18n, see rspack.config.js.
declare module '@grafana/i18n/internal' {
  import type { i18n } from 'i18next';

  export function initializeI18n(options: { language: string; ns: string[]; module: object }): Promise<unknown>;
  export function getI18nInstance(): i18n;
  export function getResolvedLanguage(): string;
  export function addResourceBundle(language: string, namespace: string, messages: object): void;
}
