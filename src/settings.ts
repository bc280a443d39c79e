// Generated from pkg/settings/settings.schema.json by npm run generate.

/**
 * How TLS begins: by the STARTTLS command, or with the first byte.
 */
export type PortMode = 'starttls' | 'tlsWrapper';
/**
 * `auto` takes PLAIN where the relay offers it and does not refuse the mechanism (504, 534, 553), else LOGIN.
 */
export type AuthMechanism = 'auto' | 'plain' | 'login';
/**
 * What the mail is for. The service takes unset as normal.
 */
export type MailType = 'normal' | 'auth' | 'ad';
/**
 * Default recipients: `user@example.com` or `Name <user@example.com>`; also addresses with two dots or one before the `@`, as docomo gave them out.
 *
 * @maxItems 1000
 */
export type To = string[];
/**
 * Default recipients of a copy.
 *
 * @maxItems 1000
 */
export type Cc = string[];
/**
 * Default recipients that no header names.
 *
 * @maxItems 1000
 */
export type Bcc = string[];
/**
 * Who else a request may address: `user@example.com`, `@example.com`, `*@*.example.com` (any domain below, not the domain itself). An address with `%` or `!` is allowed only as itself. `team:platform` allows `?team=platform`, a team of Grafana, and `team:*` any.
 *
 * @maxItems 1000
 */
export type AllowedRecipients = string[];
/**
 * One mail with all in To; one mail each; one mail that names nobody. Mail of type `auth` is always one mail each.
 */
export type RecipientMode = 'single' | 'individual' | 'undisclosed';
/**
 * The language of the mail.
 */
export type Language = 'en' | 'ja' | 'ko';
export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/**
 * Version 1. A key is only ever added, and what is missing has its default, so that settings of an earlier release stay valid. Keys that are not listed are Grafana's own. Numbers and booleans may also be written as strings, and lists as one string with commas, as environment variables in provisioning files are.
 */
export interface SavedSettings {
  jsonData: JsonData;
  secureJsonData: EmailSecureJsonData;
}
export interface JsonData {
  /**
   * The relay: a host name or an IP address.
   */
  host?: string;
  portMode?: PortMode;
  /**
   * Unset: 587 for starttls, 465 for tlsWrapper. The service listens on 587, 25 and 2587 for starttls, on 465 and 2465 for tlsWrapper; with another host any port will do.
   */
  port?: number;
  authMechanism?: AuthMechanism;
  /**
   * The AppKey of Notification > Email.
   */
  appKey?: string;
  mailType?: MailType;
  /**
   * The sender: `user@example.com` or `Name <user@example.com>`. Some servers refuse mail from a domain that is not verified in the console.
   */
  fromAddress?: string;
  /**
   * The name of the DKIM key of the sender's domain: the part before `._domainkey` in the console.
   */
  dkimSelector?: string;
  /**
   * The host that the SPF record of the sender's domain must include. With the default, `mail.nhncloudservice.com` counts as well.
   */
  spfInclude?: string;
  /**
   * The sender's name. Empty: *Grafana alerts*, in the language of the mail.
   */
  fromName?: string;
  /**
   * Where answers go: one address.
   */
  replyTo?: string;
  to?: To;
  cc?: Cc;
  bcc?: Bcc;
  allowedRecipients?: AllowedRecipients;
  recipientMode?: RecipientMode;
  language?: Language;
  /**
   * The time zone of the times in the mail: `UTC` or an IANA name such as `Asia/Seoul`.
   */
  timezone?: string;
  /**
   * Behind the state, the built-in subject has only the labels of the group: for mail readers that thread by subject, whichever alerts come and go.
   */
  stableSubject?: boolean;
  /**
   * A Go template. Empty: the built-in subject.
   */
  subjectTemplate?: string;
  /**
   * A Go template. Empty: the built-in text.
   */
  textTemplate?: string;
  /**
   * A Go template. Empty: the built-in HTML.
   */
  htmlTemplate?: string;
  /**
   * Who advertises; required for mail type `ad`. The mail gives `fromAddress` with it.
   */
  adSenderName?: string;
  /**
   * Postal address and telephone of who advertises, on one line or several; required for mail type `ad`.
   */
  adSenderAddress?: string;
  /**
   * An https URL that unsubscribes with one click (RFC 8058); this or `unsubscribeAddress` is required for mail type `ad`.
   */
  unsubscribeUrl?: string;
  /**
   * A mail address to unsubscribe at; this or `unsubscribeUrl` is required for mail type `ad`.
   */
  unsubscribeAddress?: string;
  /**
   * [Profiles](contact-points.md#profiles): named sets of settings that contact points choose from. What a profile leaves out is the data source's.
   *
   * @maxItems 100
   */
  profiles?: Profile[];
  /**
   * SMTP connections at a time, for each mail type in use; as many again may wait for a relay that is slow over a content.
   */
  maxConnections?: number;
  /**
   * Mails that a connection carries before another takes its place; a lower limit of the relay's is learned.
   */
  messagesPerConnection?: number;
  /**
   * For each stage of a session; the reply to the content of a mail may take ten minutes, for which no other mail waits.
   */
  timeoutSeconds?: number;
  /**
   * Mails a minute at most. 0: no limit.
   */
  messagesPerMinute?: number;
  /**
   * How long after its delivery the same notification is not mailed again.
   */
  dedupeSeconds?: number;
  /**
   * Mails to one recipient in an hour at most. What is more is told in one digest, when the storm is over or the hour has room again. 0: no limit.
   */
  maxPerRecipient?: number;
  /**
   * Severities (label `severity` or `priority`) whose alerts are mailed at once also beyond `maxPerRecipient` and past the digest of a profile, and so is what resolves them. A word stands for the others of its rank, too: `critical` for `P1` and `page`. `[]`: none.
   *
   * @maxItems 100
   */
  brakeExempt?: string[];
  /**
   * The name that the relay's certificate must carry. Empty: the host.
   */
  serverName?: string;
  /**
   * Do not verify the relay's certificate. Whoever stands between can then read the SecretKey; the health check warns.
   */
  tlsSkipVerify?: boolean;
  /**
   * Trust `tlsCACert` in place of the system's authorities.
   */
  tlsAuthWithCACert?: boolean;
  /**
   * Dial through Grafana's secure SOCKS proxy.
   */
  enableSecureSocksProxy?: boolean;
  /**
   * How the relay is greeted. Empty: this machine's name where that has a dot, else its IP address (`[192.0.2.1]`).
   */
  ehloName?: string;
  /**
   * Queries can ask the service's API what became of mail after the relay accepted it; one more host that Grafana's server must reach.
   */
  serviceResults?: boolean;
  /**
   * The address of the service's API: an https URL, to which the AppKey and the SecretKey are sent. `http://` on this machine only (localhost, 127.0.0.1, ::1).
   */
  serviceUrl?: string;
  /**
   * Mail shows a chart of what the rule of an alert asks for, where there is a token for Grafana's API.
   */
  charts?: boolean;
  /**
   * Where Grafana's API is, as in `http://localhost:3000`; `grafanaToken` is sent there. Empty: `grafana_url` in `grafana.ini`, else Grafana's `root_url`.
   */
  grafanaUrl?: string;
}
export interface Profile {
  /**
   * What a contact point calls the profile by, as in `?profile=oncall`: 1 to 40 letters (a to z), digits, `-` and `_`, in any case; no two profiles have the same.
   */
  name: string;
  mailType?: MailType;
  /**
   * The sender: `user@example.com` or `Name <user@example.com>`. Some servers refuse mail from a domain that is not verified in the console.
   */
  fromAddress?: string;
  /**
   * The sender's name. Empty: *Grafana alerts*, in the language of the mail.
   */
  fromName?: string;
  /**
   * Where answers go: one address.
   */
  replyTo?: string;
  to?: To;
  cc?: Cc;
  bcc?: Bcc;
  allowedRecipients?: AllowedRecipients;
  recipientMode?: RecipientMode;
  language?: Language;
  /**
   * The time zone of the times in the mail: `UTC` or an IANA name such as `Asia/Seoul`.
   */
  timezone?: string;
  /**
   * A Go template. Empty: the built-in subject.
   */
  subjectTemplate?: string;
  /**
   * A Go template. Empty: the built-in text.
   */
  textTemplate?: string;
  /**
   * A Go template. Empty: the built-in HTML.
   */
  htmlTemplate?: string;
  /**
   * Mail shows a chart of what the rule of an alert asks for, where there is a token for Grafana's API.
   */
  charts?: boolean;
  /**
   * Further fields of the mail's header, each a name with its value: `X-...`, but none that the mail has already, and `List-Id` in place of the contact point's, as in `Oncall <oncall.example.com>`.
   */
  headers?: {
    [k: string]: string;
  };
  /**
   * The time of day, as in `09:00` and in the profile's time zone, at which one mail tells what was gathered since the last. Empty: mail is sent at once.
   */
  digest?: string;
  /**
   * The days of `digest`: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`. Empty: every day.
   *
   * @maxItems 7
   */
  digestDays?: Weekday[];
}
export interface EmailSecureJsonData {
  /**
   * The SecretKey of Notification > Email.
   */
  secretKey?: string;
  /**
   * The signing secret: alerts are verified with it. Without it callers need the role Editor or Admin. The contact points that the page makes have secrets of their own.
   */
  webhookSecret?: string;
  /**
   * A token of a service account that may read alert rules and folders and query data sources, for charts, and read teams, for `?team=`; of the same organization.
   */
  grafanaToken?: string;
  /**
   * One or more PEM certificates, with `tlsAuthWithCACert`. Text around them, as `openssl s_client -showcerts` prints it, and `\n` for line ends do no harm.
   */
  tlsCACert?: string;
}

/** DEFAULTS are the values of the keys that are unset. */
export const DEFAULTS = {
  host: 'smtp-mail.nhncloudservice.com',
  portMode: 'starttls',
  authMechanism: 'auto',
  dkimSelector: 'toast',
  spfInclude: '_spfblocka.toast.com',
  to: [],
  cc: [],
  bcc: [],
  allowedRecipients: [],
  recipientMode: 'single',
  language: 'en',
  timezone: 'UTC',
  stableSubject: false,
  profiles: [],
  maxConnections: 4,
  messagesPerConnection: 100,
  timeoutSeconds: 10,
  messagesPerMinute: 0,
  dedupeSeconds: 30,
  maxPerRecipient: 0,
  brakeExempt: ['critical'],
  tlsSkipVerify: false,
  tlsAuthWithCACert: false,
  enableSecureSocksProxy: false,
  serviceResults: false,
  serviceUrl: 'https://email.api.nhncloudservice.com',
  charts: true,
} as const;

/** CHOICES lists the words of the keys that take one of a few. */
export const CHOICES = {
  portMode: ['starttls', 'tlsWrapper'],
  authMechanism: ['auto', 'plain', 'login'],
  mailType: ['normal', 'auth', 'ad'],
  recipientMode: ['single', 'individual', 'undisclosed'],
  language: ['en', 'ja', 'ko'],
} as const;

/** LIMITS has the ranges of the numbers. */
export const LIMITS = {
  port: [1, 65535],
  maxConnections: [1, 50],
  messagesPerConnection: [1, 10000],
  timeoutSeconds: [1, 60],
  messagesPerMinute: [0, 100000],
  dedupeSeconds: [0, 86400],
  maxPerRecipient: [0, 10000],
} as const;

/** LISTS are the keys that hold a list. */
export const LISTS = ['to', 'cc', 'bcc', 'allowedRecipients', 'brakeExempt'] as const;

/** FLAGS are the keys that are on or off. */
export const FLAGS = [
  'stableSubject',
  'tlsSkipVerify',
  'tlsAuthWithCACert',
  'enableSecureSocksProxy',
  'serviceResults',
  'charts',
] as const;

/** MAX_PROFILES is how many profiles there may be. */
export const MAX_PROFILES = 100 as const;

/** PROFILE_KEYS are the keys that a profile may have in place of the data source's. */
export const PROFILE_KEYS = [
  'mailType',
  'fromAddress',
  'fromName',
  'replyTo',
  'to',
  'cc',
  'bcc',
  'allowedRecipients',
  'recipientMode',
  'language',
  'timezone',
  'subjectTemplate',
  'textTemplate',
  'htmlTemplate',
  'charts',
] as const;

/** WEEKDAYS are the days of a digest. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** SECRETS are the keys of secureJsonData. */
export const SECRETS = ['secretKey', 'webhookSecret', 'grafanaToken', 'tlsCACert'] as const;
