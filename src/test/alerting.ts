// A double of what Grafana's API says of service accounts, contact points, notification
// policies and alert rules, in the words of Grafana 12.3, for the tests and the stories.

interface Webhook {
  uid: string;
  name: string;
  type: string;
  disableResolveMessage: boolean;
  settings: Record<string, unknown> & { url: string; hmacConfig?: { secret?: string } };
  provenance?: string;
}

interface Rule {
  uid: string;
  title: string;
  folderUID: string;
  ruleGroup: string;
  notification_settings?: { receiver: string };
  data: unknown[];
}

interface Account {
  id: number;
  name: string;
  role: string;
  isDisabled: boolean;
  tokens: Array<{ id: number; name: string; created: string; key: string }>;
}

export interface Reply {
  status: number;
  data: unknown;
}

const ok = (data: unknown, status = 200): Reply => ({ status, data });
const refuse = (status: number, message: string): Reply => ({ status, data: { message } });
const REDACTED = '[REDACTED]';

/** copy is what is left of a value on its way over the network. */
const copy = <T>(value: T): T => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

type Handler = (match: string[], data: never) => Reply;

export class Alerting {
  accounts: Account[] = [];
  contactPoints: Webhook[] = [];
  policies: unknown = { receiver: 'grafana-default-email' };
  rules: Rule[] = [];
  folders: Array<{ uid: string; title: string }> = [];
  /** Grafana's last notifications, by contact point. */
  last: Record<string, { at: string; error?: string }> = {};
  /** What the clock says that tokens are made by. */
  now = () => Date.now();
  private made = 0;

  private routes: Array<[RegExp, Handler]> = [
    [
      /^GET \/api\/serviceaccounts\/search\?query=([^&]*)/,
      ([query]) => ok({ serviceAccounts: this.accounts.filter(({ name }) => name.includes(query)) }),
    ],
    [/^POST \/api\/serviceaccounts$/, (_, data) => this.addAccount(data)],
    [/^DELETE \/api\/serviceaccounts\/(\d+)$/, ([id]) => this.drop(this.accounts, (one) => String(one.id) === id)],
    [
      /^GET \/api\/serviceaccounts\/(\d+)\/tokens$/,
      ([id]) => ok(this.account(id).tokens.map(({ key: _, ...shown }) => shown)),
    ],
    [/^POST \/api\/serviceaccounts\/(\d+)\/tokens$/, ([id], data) => this.addToken(this.account(id), data)],
    [
      /^DELETE \/api\/serviceaccounts\/(\d+)\/tokens\/(\d+)$/,
      ([id, token]) => this.drop(this.account(id).tokens, (one) => String(one.id) === token),
    ],
    [
      /^GET \/api\/v1\/provisioning\/contact-points(?:\?name=(.*))?$/,
      ([name]) => ok(this.contactPoints.filter((one) => !name || one.name === name).map(redacted)),
    ],
    [/^POST \/api\/v1\/provisioning\/contact-points$/, (_, data) => this.addContactPoint(data)],
    [/^PUT \/api\/v1\/provisioning\/contact-points\/(.+)$/, ([uid], data) => this.changeContactPoint(uid, data)],
    [/^DELETE \/api\/v1\/provisioning\/contact-points\/(.+)$/, ([uid]) => this.removeContactPoint(uid)],
    [/^GET \/api\/alertmanager\/grafana\/config\/api\/v1\/receivers$/, () => ok(this.receivers())],
    [/^GET \/api\/v1\/provisioning\/policies$/, () => ok(this.policies)],
    [/^GET \/api\/v1\/provisioning\/alert-rules$/, () => ok(this.rules)],
    [
      /^GET \/api\/v1\/provisioning\/alert-rules\/(.+)$/,
      ([uid]) => {
        const found = this.rules.find((one) => one.uid === uid);
        return found ? ok(found) : refuse(404, '');
      },
    ],
    [/^POST \/api\/v1\/provisioning\/alert-rules$/, (_, data) => this.addRule(data)],
    [/^GET \/api\/folders$/, () => ok(this.folders)],
    [/^POST \/api\/folders$/, (_, data: { title: string }) => ok(this.add(this.folders, { title: data.title }))],
    [
      /^GET \/api\/ruler\/grafana\/api\/v1\/rules\/(.+)$/,
      ([folder]) =>
        ok({
          [folder]: this.rules
            .filter(({ folderUID }) => folderUID === folder)
            .map(({ uid, data }) => ({ rules: [{ grafana_alert: { uid, data } }] })),
        }),
    ],
  ];

  /** answer answers a request; nothing where it is not this API's. */
  answer(method: string, url: string, data?: unknown): Reply | undefined {
    for (const [pattern, handler] of this.routes) {
      const found = pattern.exec(`${method} ${url}`);
      if (found) {
        const match = found.slice(1).map((part) => part && decodeURIComponent(part));
        return copy(handler(match, copy(data) as never));
      }
    }
    return undefined;
  }

  private account = (id: string) => this.accounts.find((one) => String(one.id) === id)!;

  private drop<T>(all: T[], which: (one: T) => boolean): Reply {
    const index = all.findIndex(which);
    return index < 0 ? refuse(404, 'not found') : ok({ message: 'deleted', ...all.splice(index, 1) });
  }

  private add<T extends { uid: string }>(all: T[], one: Omit<T, 'uid'> & { uid?: string }): T {
    const added = { ...one, uid: one.uid ?? `uid-${++this.made}` } as T;
    all.push(added);
    return added;
  }

  private addAccount({ name, role, isDisabled }: Account): Reply {
    if (this.accounts.some((one) => one.name === name)) {
      return refuse(400, 'service account already exists');
    }
    const account = { id: ++this.made, name, role, isDisabled, tokens: [] };
    this.accounts.push(account);
    return ok(account, 201);
  }

  private addToken(account: Account, { name }: { name: string }): Reply {
    if (this.accounts.some(({ tokens }) => tokens.some((one) => one.name === name))) {
      return refuse(400, 'service account token already exists');
    }
    const token = { id: ++this.made, name, created: new Date(this.now()).toISOString(), key: `glsa_${this.made}` };
    account.tokens.push(token);
    return ok({ id: token.id, name, key: token.key });
  }

  private addContactPoint(data: Webhook): Reply {
    return ok(redacted(this.add(this.contactPoints, data)), 202);
  }

  private changeContactPoint(uid: string, data: Webhook): Reply {
    const index = this.contactPoints.findIndex((one) => one.uid === uid);
    if (index < 0) {
      return refuse(404, 'contact point not found');
    }
    if (this.contactPoints[index].provenance) {
      return refuse(500, "cannot change provenance from 'file' to ''");
    }
    this.contactPoints[index] = { ...data, uid };
    return ok({ message: 'contactpoint updated' }, 202);
  }

  private removeContactPoint(uid: string): Reply {
    const found = this.contactPoints.find((one) => one.uid === uid);
    if (found && JSON.stringify([this.policies, this.rules]).includes(`"receiver":${JSON.stringify(found.name)}`)) {
      return refuse(409, 'Contact point is currently referenced by a notification policy.');
    }
    const { status } = this.drop(this.contactPoints, (one) => one === found);
    return ok({ message: 'contactpoint deleted' }, status === 404 ? 404 : 202);
  }

  private receivers() {
    const names = [...new Set(this.contactPoints.map(({ name }) => name))];
    return names.map((name) => ({
      name,
      active: true,
      integrations: this.contactPoints
        .filter((one) => one.name === name)
        .map(({ type }) => ({
          name: type,
          sendResolved: true,
          lastNotifyAttempt: this.last[name]?.at ?? '0001-01-01T00:00:00.000Z',
          lastNotifyAttemptError: this.last[name]?.error,
        })),
    }));
  }

  private addRule(data: Rule): Reply {
    if (this.rules.some(({ uid }) => uid === data.uid)) {
      return refuse(409, 'a rule with this uid exists');
    }
    return ok(this.add(this.rules, data), 201);
  }
}

/** redacted is a contact point as it is shown: with its secrets by Grafana's names for them. */
function redacted({ settings, ...rest }: Webhook) {
  const { hmacConfig, ...shown } = settings;
  const { secret, ...headers } = hmacConfig ?? {};
  return {
    ...rest,
    settings: {
      ...shown,
      ...(shown.authorization_credentials ? { authorization_credentials: REDACTED } : {}),
      ...(hmacConfig ? { hmacConfig: headers } : {}),
      ...(secret ? { 'hmacConfig.secret': REDACTED } : {}),
    },
  };
}
