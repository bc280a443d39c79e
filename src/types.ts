import type { DataSourceJsonData } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';
import type { EmailSecureJsonData, JsonData, Profile } from './settings';

export type * from './settings';

/** EmailJsonData is jsonData as it is saved; what is unset takes the default. */
export interface EmailJsonData extends DataSourceJsonData, JsonData {}

/** SettingKey is the key of a setting, secret or not, of the data source or of a profile. */
export type SettingKey = keyof JsonData | keyof EmailSecureJsonData | keyof Profile;

export type QueryType = 'deliveries' | 'delivery' | 'stats' | 'queue' | 'serviceStats' | 'serviceMails';

/** ServiceEvent is an event of a mail that the service counts. */
export type ServiceEvent = 'requested' | 'sent' | 'failed' | 'received' | 'opened';

/** EmailQuery is a query of the delivery log, or of the service (queryModel in pkg/plugin). */
export interface EmailQuery extends DataQuery {
  queryType?: QueryType;
  /** Of deliveries. */
  format?: 'table' | 'logs';
  /**
   * Of stats: count (default) or latency. Of queue: depth or oldestAge, both when
   * unset. Of serviceStats: one event, all when unset.
   */
  measure?: 'count' | 'latency' | 'depth' | 'oldestAge' | ServiceEvent;
  /** Of serviceStats: a series for each domain of the recipients. */
  by?: 'domain';

  status?: string[];
  mailType?: string[];
  /** Comma-separated parts of addresses. */
  recipient?: string;
  /** Part of the subject, the reason or the Message-ID. */
  text?: string;
  limit?: number;
  /** Of deliveries: those that this digest tells of. */
  digest?: string;

  /** Of delivery: which one. */
  id?: string;
}

/** VariableQuery is what a dashboard variable offers. */
export type VariableKind = 'statuses' | 'mailTypes' | 'recipients' | 'serviceStatuses';
export interface VariableQuery {
  refId: string;
  kind: VariableKind;
}
