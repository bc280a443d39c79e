import type { DataSourcePlugin, DataSourceSettings, DataSourcePluginMeta } from '@grafana/data';

export type Settings = DataSourceSettings & { meta: DataSourcePluginMeta };
export type Plugin = DataSourcePlugin<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever it is
