// Has Grafana send a test notification through a contact point.
import { config } from '@grafana/runtime';
import { ApiError, call, type Problem } from './api';
import { permitted, REDACTED, type ContactPoint } from './contactPoint';

/** Call asks for a test; what went wrong with the notification is its answer. */
type Call = (contactPoint: ContactPoint) => Promise<string | undefined>;

/** CALLS are the ways to ask, the newest first: Grafana 13, 12.4 and those before. */
const CALLS: Call[] = [receiverTest('v1beta1'), receiverTest('v0alpha1'), alertmanagerTest];

/**
 * testContactPoint fails with the sentence of our backend that refused the
 * notification, or with Grafana's words where the backend was not reached.
 */
export async function testContactPoint(contactPoint: ContactPoint): Promise<void> {
  const failure = await firstAnswer(CALLS, contactPoint);
  if (failure) {
    throw refusal(failure);
  }
}

/** firstAnswer is that of the newest call that this Grafana knows; if none, the newest one's error stays. */
async function firstAnswer([newest, ...older]: Call[], contactPoint: ContactPoint): Promise<string | undefined> {
  try {
    return await newest(contactPoint);
  } catch (cause) {
    if (!isUnknownCall(cause) || older.length === 0) {
      throw cause;
    }
    return firstAnswer(older, contactPoint).catch((later) => {
      throw isUnknownCall(later) ? cause : later;
    });
  }
}

// 404: this Grafana does not have it yet; 410: not any more.
const isUnknownCall = (cause: unknown) => cause instanceof ApiError && [404, 410].includes(cause.status);

/** The secrets of a contact point that this page made, by Grafana's names for them. */
const SECRETS = ['authorization_credentials', 'hmacConfig.secret'];

/** parts are the settings of a contact point that anybody may see, and the names of its secrets. */
function parts(settings: object) {
  const secrets: string[] = [];
  const withoutSecrets = (group: object, path: string): object =>
    Object.fromEntries(
      Object.entries(group).flatMap(([key, value]) => {
        const name = path + key;
        if (value === REDACTED || SECRETS.includes(name)) {
          secrets.push(name);
          return [];
        }
        const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
        return [[key, isGroup ? withoutSecrets(value, `${name}.`) : value]];
      }),
    );
  return { settings: withoutSecrets(settings, ''), secrets: [...new Set(secrets)] };
}

/** receiverTest is the call of the notifications API, which takes the secrets from the saved contact point. */
function receiverTest(version: string): Call {
  return async (contactPoint) => {
    const { settings, secrets } = parts(contactPoint.settings);
    const url = `/apis/notifications.alerting.grafana.app/${version}/namespaces/${config.namespace}/receivers/${base64url(contactPoint.name)}/test`;
    const { status, error } = await permitted(
      call<{ status: 'success' | 'failure'; error?: string }>('POST', url, {
        integration: {
          uid: contactPoint.uid,
          type: 'webhook',
          version: 'v1',
          settings,
          secureFields: Object.fromEntries(secrets.map((name) => [name, true])),
        },
        alert: {
          labels: { alertname: 'TestAlert', instance: 'Grafana' },
          annotations: { summary: 'Notification test' },
        },
      }),
      'alert.notifications.receivers.test:create',
    );
    return status === 'success' ? undefined : (error ?? status);
  };
}

/** base64url is the name of a receiver in the notifications API (RFC 4648 section 5, without padding). */
const base64url = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

interface AlertmanagerResult {
  receivers: Array<{ grafana_managed_receiver_configs: Array<{ status: string; error?: string }> }>;
}

/** alertmanagerTest is the call of Grafana's Alertmanager, which adds the secrets that it knows by the uid. */
async function alertmanagerTest(contactPoint: ContactPoint): Promise<string | undefined> {
  const { name, uid } = contactPoint;
  const { settings } = parts(contactPoint.settings);
  const integration = { name, uid, type: 'webhook', disableResolveMessage: false, settings };
  // Grafana answers 400 or 408 with the same body when every receiver was wrong or timed out.
  const { receivers } = await permitted(
    call<AlertmanagerResult>('POST', '/api/alertmanager/grafana/config/api/v1/receivers/test', {
      receivers: [{ name, grafana_managed_receiver_configs: [integration] }],
    }),
    'alert.notifications.receivers:test',
  ).catch((cause) => {
    if (cause instanceof ApiError && (cause.body as Partial<AlertmanagerResult> | undefined)?.receivers) {
      return cause.body as AlertmanagerResult;
    }
    throw cause;
  });
  return receivers.flatMap((one) => one.grafana_managed_receiver_configs).find(({ error }) => error)?.error;
}

// Grafana passes on as much of an answer.
const MAX_WORDS = 1024;

/**
 * refusal is what a notification failed of. Grafana quotes the answer of our
 * backend behind its own words, and cuts a long one: the fields are read one by
 * one, for what was cut is no JSON any more.
 */
export function refusal(failure: string): ApiError {
  const quoted = /{.*/s.exec(failure)?.[0].replace(/\.{3} \(truncated\)$/, '') ?? '';
  const field = (name: keyof Problem) => {
    const found = new RegExp(`"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)("?)`, 's').exec(quoted);
    return found && plain(unescaped(found[1])) + (found[2] ? '' : '…');
  };
  return new ApiError(field('error') ?? plain(failure), field('hint') ?? '');
}

/** unescaped is the text of a JSON string that may end within an escape. */
function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text.replace(/\\u[\da-f]{0,3}$/i, '')}"`);
  } catch {
    return text;
  }
}

/** plain is words of others as one line of bounded length. */
const plain = (words: string) => words.replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]+/gu, ' ').slice(0, MAX_WORDS);
