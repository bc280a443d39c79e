import type { APIRequestContext, Page } from '@playwright/test';

/** Settings of a new data source. */
export interface Settings {
  uid?: string;
  name: string;
  jsonData?: object;
  secureJsonData?: object;
}

/** Operator is who uses the plugin, in Grafana or on the page that stands for it. */
export interface Operator {
  /** Adds a data source and opens its settings; says its uid. */
  open(settings: Settings): Promise<string>;
  saveAndTest(): Promise<void>;
  /** Runs a query in Explore. */
  explore(uid: string, query: object): Promise<void>;
}

export const PLUGIN_ID = 'nhncloud-email-datasource';

/** add adds a data source through Grafana's API. */
export async function add(request: APIRequestContext, settings: Settings): Promise<string> {
  const data = { type: PLUGIN_ID, access: 'proxy', jsonData: {}, ...settings };
  const response = await request.post('/api/datasources', { data });
  return (await response.json()).datasource.uid;
}

/** explore opens Explore as a link to it does. */
export const explore = (page: Page, uid: string, query: object) => {
  const datasource = { type: PLUGIN_ID, uid };
  const left = {
    datasource: uid,
    queries: [{ refId: 'A', datasource, ...query }],
    range: { from: 'now-1h', to: 'now' },
  };
  return page.goto(`/explore?left=${encodeURIComponent(JSON.stringify(left))}`);
};
