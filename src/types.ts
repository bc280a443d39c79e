import type { DataSourceJsonData } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

export type PortMode = 'starttls' | 'tlsWrapper';
export type AuthMechanism = 'auto' | 'plain' | 'login';
export type MailType = 'normal' | 'auth' | 'ad';
export type RecipientMode = 'single' | 'individual' | 'undisclosed';
export type Language = 'en' | 'ja' | 'ko';

/** EmailJsonData is jsonData as it is saved; what is unset takes the default. */
export interface EmailJsonData extends DataSourceJsonData {
  host?: string;
  portMode?: PortMode;
  port?: number;
  authMechanism?: AuthMechanism;

  appKey?: string;
  mailType?: MailType;

  fromAddress?: string;
  dkimSelector?: string;
  spfInclude?: string;
  fromName?: string;
  replyTo?: string;

  to?: string[];
  cc?: string[];
  bcc?: string[];
  allowedRecipients?: string[];
  recipientMode?: RecipientMode;

  language?: Language;
  timezone?: string;
  stableSubject?: boolean;
  subjectTemplate?: string;
  textTemplate?: string;
  htmlTemplate?: string;

  adSenderName?: string;
  /** Postal address and telephone, on one line or several. */
  adSenderAddress?: string;
  unsubscribeUrl?: string;
  unsubscribeAddress?: string;

  maxConnections?: number;
  messagesPerConnection?: number;
  timeoutSeconds?: number;
  messagesPerMinute?: number;
  dedupeSeconds?: number;

  serverName?: string;
  tlsSkipVerify?: boolean;
  tlsAuthWithCACert?: boolean;
  enableSecureSocksProxy?: boolean;
  ehloName?: string;

  serviceResults?: boolean;
  serviceUrl?: string;
}

export interface EmailSecureJsonData {
  secretKey?: string;
  webhookSecret?: string;
  tlsCACert?: string;
}

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

  /** Of delivery: which one. */
  id?: string;
}

/** VariableQuery is what a dashboard variable offers. */
export type VariableKind = 'statuses' | 'mailTypes' | 'recipients' | 'serviceStatuses';
export interface VariableQuery {
  refId: string;
  kind: VariableKind;
}
