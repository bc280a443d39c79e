// What there is of a data source in Alerting: its contact points, how they are doing,
// and what attempts that were broken off have left behind.
import { config as grafana } from '@grafana/runtime';
import { call, dataSource } from './api';
import { accountName, CONTACT_POINTS, keyIdOf, numberOf, pointsAt, type ContactPoint } from './contactPoint';

/** Seen is a contact point with its state. */
export interface Seen extends ContactPoint {
  /** Of its own signing secret and token; none: those of a contact point made by hand. */
  keyId?: number;
  /** Whether its signing secret is there; a contact point by hand has that of the settings. */
  hasSecret: boolean;
  /** Grafana's last notification, where that is known. */
  last?: { at?: string; error?: string };
}

/** Token is one of the service account of the contact points. */
export interface Token {
  id: number;
  name: string;
  created: string;
}

/** Account is the service account of the contact points. */
export interface Account {
  id: number;
  role: string;
  isDisabled: boolean;
  tokens: Token[];
}

/** Leftover is a token or a signing secret that no contact point has. */
export interface Leftover {
  keyId: number;
  tokenId?: number;
  hasSecret: boolean;
}

/** Overview is the data source in Alerting. */
export interface Overview {
  contactPoints: Seen[];
  /** The names of all contact points. */
  names: string[];
  leftovers: Leftover[];
  /** From when on leftovers are used by nobody. */
  removable: number;
  /** The numbers that are taken. */
  taken: ReadonlySet<number>;
}

/**
 * How long the old token and secret stay after a contact point was changed. Grafana
 * saves the change and its Alertmanager reads it within a minute
 * (alertmanager_config_poll_interval), each replica by itself.
 */
export const GRACE = 5 * 60_000;

const optional = <T>(work: Promise<T>) => work.catch(() => undefined);

interface Receiver {
  name: string;
  integrations: Array<{ name: string; lastNotifyAttempt?: string; lastNotifyAttemptError?: string }>;
}

/** lastOf is the last notification of a contact point's webhooks: of several, one that failed. */
function lastOf(receivers: Receiver[] | undefined, name: string): Seen['last'] {
  const webhooks = receivers
    ?.find((one) => one.name === name)
    ?.integrations.filter((one) => /^webhook(\[\d+])?$/.test(one.name));
  const shown = webhooks?.find((one) => one.lastNotifyAttemptError) ?? webhooks?.[0];
  const at = shown?.lastNotifyAttempt;
  return shown && { at: at?.startsWith('0001-') ? undefined : at, error: shown.lastNotifyAttemptError || undefined };
}

/** findAccount is the service account of the contact points, if there is one. */
export async function findAccount(uid: string): Promise<Account | undefined> {
  const name = accountName(uid);
  const { serviceAccounts } = await call<{ serviceAccounts: Array<Omit<Account, 'tokens'> & { name: string }> }>(
    'GET',
    `/api/serviceaccounts/search?query=${encodeURIComponent(name)}&perpage=100`,
  );
  const found = serviceAccounts.find((one) => one.name === name);
  return found && { ...found, tokens: await call<Token[]>('GET', `/api/serviceaccounts/${found.id}/tokens`) };
}

const mayReadAccounts = () => {
  const { permissions } = grafana.bootData?.user ?? {};
  return !permissions || permissions['serviceaccounts:read'];
};

/** contactPointsOf are the webhooks that post to the data source, of all contact points. */
const contactPointsOf = (all: Array<ContactPoint & { type: string }>, uid: string) =>
  all.filter(({ type, settings }) => type === 'webhook' && pointsAt(settings?.url, uid));

export const readContactPoints = async (uid: string) =>
  contactPointsOf(await call<Array<ContactPoint & { type: string }>>('GET', CONTACT_POINTS), uid);

/** readOverview asks Grafana with the session of the user; what that may not read is left out. */
export async function readOverview(uid: string): Promise<Overview> {
  const [all, receivers, saved, account] = await Promise.all([
    call<Array<ContactPoint & { type: string }>>('GET', CONTACT_POINTS),
    optional(call<Receiver[]>('GET', '/api/alertmanager/grafana/config/api/v1/receivers')),
    optional(call<{ secureJsonFields?: Record<string, boolean> }>('GET', dataSource(uid))),
    // A refusal is an error in the browser's console.
    mayReadAccounts() ? findAccount(uid).catch(() => null) : null,
  ]);

  const fields = saved?.secureJsonFields ?? {};
  const secrets = Object.keys(fields)
    .filter((name) => fields[name])
    .map((name) => numberOf(name, 'webhookSecret'))
    .filter((keyId) => keyId !== undefined);
  const contactPoints = contactPointsOf(all, uid).map((one): Seen => {
    const keyId = keyIdOf(one.settings.url);
    return {
      ...one,
      keyId,
      hasSecret: keyId === undefined || !saved || secrets.includes(keyId),
      last: lastOf(receivers, one.name),
    };
  });

  const tokens = new Map<number, Token>();
  for (const token of account?.tokens ?? []) {
    const keyId = numberOf(token.name, `${accountName(uid)} `);
    if (keyId) {
      tokens.set(keyId, token);
    }
  }
  const used = new Set(contactPoints.map(({ keyId }) => keyId));
  const made = [...new Set([...secrets, ...tokens.keys()])].sort((a, b) => a - b);
  return {
    contactPoints,
    names: [...new Set(all.map(({ name }) => name))],
    leftovers: made
      .filter((keyId) => !used.has(keyId))
      .map((keyId) => ({ keyId, tokenId: tokens.get(keyId)?.id, hasSecret: secrets.includes(keyId) })),
    removable: Math.max(0, ...[...tokens.values()].map(({ created }) => Date.parse(created) + GRACE)),
    taken: new Set([...made, ...contactPoints.map(({ keyId }) => keyId ?? 0)]),
  };
}

/** freeNumber is the first that is not taken. */
export function freeNumber(taken: ReadonlySet<number>): number {
  let keyId = 1;
  while (taken.has(keyId)) {
    keyId++;
  }
  return keyId;
}

interface Policy {
  receiver?: string;
  object_matchers?: string[][];
  routes?: Policy[];
}

/** Use is what sends alerts to a contact point: a notification policy, or an alert rule. */
export type Use = { policy: string } | { rule: string; uid: string };

/** usesOf is what Grafana would have to be told otherwise before it deletes a contact point. */
export async function usesOf(name: string): Promise<Use[]> {
  const [root, rules] = await Promise.all([
    call<Policy>('GET', '/api/v1/provisioning/policies'),
    call<Array<{ uid: string; title: string; notification_settings?: { receiver?: string } | null }>>(
      'GET',
      '/api/v1/provisioning/alert-rules',
    ),
  ]);
  return [
    ...policiesOf(root, name),
    ...rules
      .filter(({ notification_settings }) => notification_settings?.receiver === name)
      .map(({ uid, title }) => ({ rule: title, uid })),
  ];
}

/** policiesOf are the policies that name a receiver, by their matchers; the default policy has none. */
function policiesOf({ receiver, object_matchers = [], routes = [] }: Policy, name: string): Use[] {
  const here = receiver === name ? [{ policy: object_matchers.map((one) => one.join(' ')).join(', ') }] : [];
  return [...here, ...routes.flatMap((route) => policiesOf(route, name))];
}

/** isTaken says whether there is a contact point of a name. */
export const isTaken = async (name: string) =>
  (await call<unknown[]>('GET', `${CONTACT_POINTS}?name=${encodeURIComponent(name)}`)).length > 0;
