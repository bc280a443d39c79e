// A contact point of the data source: what it is called, where it posts to and
// what is made for it.
import { ApiError, call, resource } from './api';
import { t } from './i18n';
import { PLUGIN_ID } from './service';

export const SIGNATURE_HEADER = 'X-Grafana-Alerting-Signature';
export const TIMESTAMP_HEADER = 'X-Grafana-Alerting-Timestamp';

// Without it, what is created through this API can be edited through it only.
export const EDITABLE = { 'X-Disable-Provenance': 'true' };
export const CONTACT_POINTS = '/api/v1/provisioning/contact-points';

/** What Grafana shows in the place of a secret. */
export const REDACTED = '[REDACTED]';

/** ContactPoint is one webhook of a contact point, as Grafana's provisioning API has it. */
export interface ContactPoint {
  uid: string;
  name: string;
  settings: { url: string } & Record<string, unknown>;
  disableResolveMessage?: boolean;
  /** How it was provisioned; only that may change it then. */
  provenance?: string;
}

/** purpose is what things of a data source are called: a new one is named after the plugin's id, which says nothing. */
export const purpose = (dataSource: string) => dataSource.replace(PLUGIN_ID, 'NHN Cloud Email');

/** nameFor is what a contact point of a profile is called. */
export const nameFor = (name: string, profile?: string) => (profile ? `${name} (${profile})` : name);

/**
 * accountName is that of the service account whose tokens the data source's contact
 * points have. A token and a signing secret belong to the contact point whose URL has
 * their number, so that what no contact point has is recognized.
 */
export const accountName = (uid: string) => `NHN Cloud Email ${uid}`;
export const tokenName = (uid: string, keyId: number) => `${accountName(uid)} ${keyId}`;
export const chartsTokenName = (uid: string) => `${accountName(uid)} charts`;
export const secretName = (keyId: number) => `webhookSecret${keyId}`;

/** numberOf reads the number behind a name, such as 2 of webhookSecret2. */
export function numberOf(name: string, prefix: string): number | undefined {
  const number = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^[1-9]\d{0,3}$/.test(number) ? Number(number) : undefined;
}

/** alertsUrl is where a contact point posts to, for mail of the data source or of a profile. */
export const alertsUrl = (grafanaUrl: string, uid: string, profile?: string) =>
  `${grafanaUrl.replace(/\/+$/, '')}${resource(uid, 'alerts')}${profile ? `?profile=${encodeURIComponent(profile)}` : ''}`;

/** pointsAt says whether a webhook posts to the data source; its URL may be a template. */
export const pointsAt = (url: unknown, uid: string) =>
  typeof url === 'string' && url.split('?')[0].endsWith(alertsUrl('', uid));

const parameters = (url: string) => url.split('?').slice(1).join('?').split('&').filter(Boolean);
const isOwn = (parameter: string) => /^(keyId|key)=/.test(parameter);

/** keyIdOf is the number of the signing secret in a contact point's URL, if it has one of its own. */
export function keyIdOf(url: string): number | undefined {
  const found = parameters(url).filter((one) => one.startsWith('keyId='));
  return found.length === 1 ? numberOf(found[0], 'keyId=') : undefined;
}

/**
 * signedUrl is a contact point's URL with the number of a secret, and with the key that
 * the backend makes of the parameters: the URL then works with these and at this data
 * source only. A browser has no HMAC on a Grafana without TLS. Parameters that were
 * written by hand, or are a template, stay free: they have no key.
 */
export async function signedUrl(uid: string, url: string, keyId: number, secret: string): Promise<string> {
  const all = parameters(url);
  const own = all.filter((one) => !isOwn(one));
  const query = [`keyId=${keyId}`, ...own].join('&');
  const base = url.split('?')[0];
  if (own.length > 0 && !all.some((one) => one.startsWith('key='))) {
    return `${base}?${query}`;
  }
  const keyed = await call<{ query: string }>('POST', resource(uid, 'key'), { query, secret });
  return `${base}?${keyed.query}`;
}

/** webhookSettings are those of a contact point whose alerts the data source takes. */
export const webhookSettings = (url: string, token: string, secret: string) => ({
  url,
  httpMethod: 'POST',
  authorization_scheme: 'Bearer',
  authorization_credentials: token,
  hmacConfig: { secret, header: SIGNATURE_HEADER, timestampHeader: TIMESTAMP_HEADER },
});

/** newSecret is 256 random bits. */
export const newSecret = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Each is enough by itself; an inner list is needed whole. */
type AnyOf = string[][];
type Permissions = Record<string, boolean>;

const ALERTING: AnyOf = [
  ['alert.provisioning:write'],
  ['alert.notifications.provisioning:write'],
  ['alert.notifications:write', 'alert.provisioning.provenance:write'],
  ['alert.notifications.receivers:create', 'alert.provisioning.provenance:write'],
];
const NEEDED: AnyOf[] = [
  [['serviceaccounts:read']],
  [['serviceaccounts:create']],
  [['serviceaccounts:write']],
  [['datasources:write']],
  ALERTING,
];

const lacks = (permissions: Permissions, anyOf: AnyOf) => !anyOf.some((all) => all.every((one) => permissions[one]));

/** missingPermissions names what the user lacks to make and change a contact point. */
export const missingPermissions = (permissions: Permissions = {}): string[] =>
  NEEDED.filter((anyOf) => lacks(permissions, anyOf)).map((anyOf) => anyOf[0].join(' + '));

/** seesAll says whether the user sees every contact point: what none of them has may be removed only then. */
export const seesAll = (permissions: Permissions = {}) =>
  ['alert.provisioning:read', 'alert.notifications:read'].some((one) => permissions[one]);

/** Body is what Grafana says with a refusal because of a protected field, such as the URL. */
interface Body {
  changed_protected_fields?: unknown;
  extra?: { changed_protected_fields?: unknown };
}

/** permitted says which permission a user lacks whom Grafana refuses, though it seemed allowed. */
export function permitted<T>(work: Promise<T>, permission: string): Promise<T> {
  return work.catch((cause) => {
    if (!(cause instanceof ApiError) || cause.status !== 403) {
      throw cause;
    }
    const body = cause.body as Body | undefined;
    const isProtected = body?.changed_protected_fields ?? body?.extra?.changed_protected_fields;
    const needed = t('contact-point.test-permission', 'You need the permission {{permission}}: ask an administrator.', {
      permission:
        isProtected || cause.message.includes('protected')
          ? 'alert.notifications.receivers.protected:write'
          : permission,
    });
    throw new ApiError(cause.message, needed, cause.status, cause.body);
  });
}

/** WRITE are the permissions that Grafana may ask for to change a contact point, as a sentence names them. */
export const WRITE = ALERTING.map((all) => all.join(' + ')).join(' / ');
