import { lastValueFrom } from 'rxjs';
import { getBackendSrv, isFetchError } from '@grafana/runtime';
import { translated, type Hint, type SettingProblem } from './remedies';
import type { Endpoint } from './service';
import type { EmailJsonData } from './types';

/** Problem is a failure as the backend tells it (pkg/failure), and the body of every refusal of Grafana's API. */
export interface Problem extends Hint {
  error?: string;
  code?: string;
  message?: string;
}

/** ApiError says what went wrong, and what to do about it where that is known. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly hint = '',
    readonly status = 0,
    readonly body?: unknown,
  ) {
    super(message);
  }
}

/** asApiError is whatever was thrown, as something to show. */
export const asApiError = (cause: unknown): ApiError =>
  cause instanceof ApiError ? cause : new ApiError(cause instanceof Error ? cause.message : String(cause));

/** call asks Grafana's API with the user's session; it fails with an ApiError. */
export async function call<T>(
  method: string,
  url: string,
  data?: unknown,
  headers?: Record<string, string>,
): Promise<T> {
  try {
    const response = await lastValueFrom(
      getBackendSrv().fetch<T>({ method, url, data, headers, showErrorAlert: false, showSuccessAlert: false }),
    );
    return response.data;
  } catch (cause) {
    if (isFetchError<Problem>(cause)) {
      const { error, message, ...hint } = cause.data ?? {};
      const said = error ?? message ?? `${cause.status} ${cause.statusText ?? ''}`.trim();
      throw new ApiError(said, translated(hint), cause.status, cause.data);
    }
    throw asApiError(cause);
  }
}

/** dataSource is where Grafana's API has a data source. */
export const dataSource = (uid: string) => `/api/datasources/uid/${encodeURIComponent(uid)}`;

/** resource is a route of the data source's backend. */
export const resource = (uid: string, path: string) => `${dataSource(uid)}/resources/${path}`;

/** refresh has Grafana read a data source anew: what it knows of one it uses for five seconds more. */
export const refresh = (uid: string) =>
  call('GET', resource(uid, 'status'), undefined, { 'X-Grafana-NoCache': 'true' });

/** StageReport is one step of a handshake (smtp.StageReport). */
export interface StageReport {
  name: string;
  durationMs: number;
  outcome: 'passed' | 'failed' | 'skipped';
  reply?: string;
}

/** Handshake is what a check of one endpoint found (smtp.Report). */
export interface Handshake {
  host: string;
  port: number;
  mode: string;
  stages: StageReport[];
  tls?: {
    version?: string;
    cipher?: string;
    certificate: { subject: string; issuer: string; dnsNames: string[] | null; notBefore: string; notAfter: string };
  };
  capabilities?: string[];
  mechanism?: string;
  error?: Problem & { stage: string };
}

/** DomainFinding is the result for one DNS record (maildomain.Finding). */
export interface DomainFinding extends Hint {
  record: 'spf' | 'dkim' | 'dmarc';
  name: string;
  status: 'ok' | 'missing' | 'wrong' | 'unknown';
  found?: string[];
  expected?: string;
}

/** DomainReport is a check of the sender's domain (maildomain.Report). */
export interface DomainReport {
  domain: string;
  checked: string;
  findings: DomainFinding[];
}

/** HealthDetails is the JSONDetails of the health check. */
export interface HealthDetails extends Hint {
  report?: Handshake;
  domain?: DomainReport;
  /** Of the other domains that profiles send from. */
  profileDomains?: DomainReport[];
  outbox?: { available: boolean; backend?: string; durable: boolean; location?: string; warning?: string };
  problems?: SettingProblem[];
  warnings?: Hint[];
  errorLink?: string;
}

/** readStatus says how the backend is doing. */
export const readStatus = (uid: string) => call<{ domain?: DomainReport }>('GET', resource(uid, 'status'));

/** diagnose does the handshake with one endpoint of the saved settings. */
export async function diagnose(uid: string, { mode, port }: Endpoint): Promise<Handshake> {
  const { endpoints } = await call<{ endpoints: Array<{ report: Handshake }> }>(
    'POST',
    resource(uid, `diagnose?mode=${mode}&port=${port}`),
  );
  return endpoints[0].report;
}

/** validate says what is wrong with settings that need not be saved yet. */
export const validate = async (uid: string, jsonData: EmailJsonData, secureJsonFields: Record<string, boolean>) =>
  (await call<{ problems: SettingProblem[] }>('POST', resource(uid, 'validate'), { jsonData, secureJsonFields }))
    .problems;

export interface Preview {
  subject: string;
  text: string;
  html: string;
  mail: string;
  warnings?: string[];
}

/** SAMPLES are the notifications that a test mail and a preview may show (pkg/alert). */
export const SAMPLES = ['firing', 'resolved', 'storm'] as const;
export type Sample = (typeof SAMPLES)[number];

/** preview renders a sample or a payload with settings that need not be saved yet; with a profile, as its mail is. */
export const preview = (
  uid: string,
  settings: EmailJsonData,
  shown: { sample: Sample } | { payload: unknown },
  profile?: string,
) => call<Preview>('POST', resource(uid, 'preview'), { settings: withNulls(settings), ...shown, profile });

// A key that was cleared must reach the backend, which adds what is sent to
// what is saved: JSON has no undefined.
const withNulls = (settings: EmailJsonData) =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value ?? null]));

/** Receipt is the answer to a mail that was taken. */
export interface Receipt {
  status: string;
  messageId?: string;
  reply?: string;
  accepted?: string[];
  rejected?: Array<{ address: string; code?: number; message: string }>;
}

/** sendTest mails a sample to one address, or to the default recipients or those of a profile. */
export const sendTest = (uid: string, to: string, sample: Sample, profile?: string) =>
  call<Receipt>('POST', resource(uid, 'test'), { ...(to && { to }), ...(profile && { profile }), sample });

export type DeliveryAction = 'retry' | 'cancel';

/** actOn makes a delivery due now, or takes it back. */
export const actOn = (uid: string, id: string, action: DeliveryAction) =>
  call<Delivery>('POST', resource(uid, `deliveries/${encodeURIComponent(id)}/${action}`));

/** Delivery is one line of the delivery log. */
export interface Delivery {
  id: string;
  status: string;
  mailType: string;
}

/** deliveries are the newest of the delivery log. */
export async function deliveries(uid: string, limit: number): Promise<Delivery[]> {
  const page = await call<{ deliveries: Delivery[] }>('GET', resource(uid, `deliveries?limit=${limit}`));
  return page.deliveries;
}

/** recipients are the different addresses of the delivery log. */
export const recipients = async (uid: string) =>
  (await call<{ recipients: string[] }>('GET', resource(uid, 'recipients'))).recipients;
