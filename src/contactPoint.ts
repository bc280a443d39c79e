// Creates a contact point for the data source through Grafana's own API, with
// the session of the user who asked for it.
import { ApiError, call, refresh } from './api';
import { boundUrl } from './boundUrl';
import { t } from './i18n';
import { PLUGIN_ID } from './service';

export const SIGNATURE_HEADER = 'X-Grafana-Alerting-Signature';
export const TIMESTAMP_HEADER = 'X-Grafana-Alerting-Timestamp';

// Without it, what is created through this API can be edited through it only.
const EDITABLE = { 'X-Disable-Provenance': 'true' };
const CONTACT_POINTS = '/api/v1/provisioning/contact-points';

export type Step = 'serviceAccount' | 'token' | 'contactPoint' | 'secret';
export type StepState = 'running' | 'done' | 'failed' | 'undone' | 'left';
export const STEPS: Step[] = ['serviceAccount', 'token', 'contactPoint', 'secret'];

export interface Request {
  /** Of the data source. */
  uid: string;
  /** Of the contact point, the service account and its token. */
  name: string;
  /** Where Grafana reaches itself, such as https://grafana.example.com/. */
  grafanaUrl: string;
}

/** Created is a contact point with what a test of it needs. */
export interface Created {
  uid: string;
  name: string;
  version: number;
  settings: ReturnType<typeof webhookSettings>;
}

/** alertsUrl is where a contact point posts to. */
export const alertsUrl = (grafanaUrl: string, uid: string) =>
  `${grafanaUrl.replace(/\/+$/, '')}/api/datasources/uid/${encodeURIComponent(uid)}/resources/alerts`;

const webhookSettings = (url: string, token: string, secret: string) => ({
  url,
  httpMethod: 'POST',
  authorization_scheme: 'Bearer',
  authorization_credentials: token,
  hmacConfig: { secret, header: SIGNATURE_HEADER, timestampHeader: TIMESTAMP_HEADER },
});

/** Each is enough by itself; an inner list is needed whole. */
type AnyOf = string[][];

const NEEDED: AnyOf[] = [
  [['serviceaccounts:create']],
  [['serviceaccounts:write']],
  [['datasources:write']],
  [
    ['alert.provisioning:write'],
    ['alert.notifications.provisioning:write'],
    ['alert.notifications:write', 'alert.provisioning.provenance:write'],
  ],
];

/** missingPermissions names what the user lacks to create a contact point. */
export const missingPermissions = (permissions: Record<string, boolean> = {}): string[] =>
  NEEDED.filter((anyOf) => !anyOf.some((all) => all.every((one) => permissions[one]))).map((anyOf) =>
    anyOf[0].join(' + '),
  );

/** newSecret is 256 random bits. */
const newSecret = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('');

const taken = (message: string) => new ApiError(message, t('contact-point.taken-help', 'Choose another name.'));

/** refused is a failure with what to do about it: all that is asked for and can be wrong is the name. */
const refused = (cause: unknown) => {
  throw cause instanceof ApiError && cause.status === 400 ? taken(cause.message) : cause;
};

/**
 * createContactPoint creates a service account (Viewer), its token, the webhook
 * contact point and the signing secret. When a step fails, what the steps before
 * it created is removed again. The secret is saved last: it is the one step that
 * changes something which was there before.
 */
export async function createContactPoint(
  { uid, name, grafanaUrl }: Request,
  onStep: (step: Step, state: StepState) => void,
): Promise<Created> {
  const undo: Array<[Step, () => Promise<unknown>]> = [];

  const during = async <T>(step: Step, work: () => Promise<T>): Promise<T> => {
    onStep(step, 'running');
    try {
      const result = await work();
      onStep(step, 'done');
      return result;
    } catch (cause) {
      onStep(step, 'failed');
      for (const [done, remove] of undo.reverse()) {
        await remove().then(
          () => onStep(done, 'undone'),
          () => onStep(done, 'left'),
        );
      }
      throw cause;
    }
  };

  const account = await during('serviceAccount', () =>
    call<{ id: number }>('POST', '/api/serviceaccounts', { name, role: 'Viewer', isDisabled: false }).catch(refused),
  );
  undo.push(['serviceAccount', () => call('DELETE', `/api/serviceaccounts/${account.id}`)]);

  // The name of a token is taken for the whole organization, not for its account.
  const token = await during('token', () =>
    call<{ id: number; key: string }>('POST', `/api/serviceaccounts/${account.id}/tokens`, { name }).catch(refused),
  );
  undo.push(['token', () => call('DELETE', `/api/serviceaccounts/${account.id}/tokens/${token.id}`)]);

  const secret = newSecret();
  const url = await during('contactPoint', () => boundUrl(uid, alertsUrl(grafanaUrl, uid), secret));
  const settings = webhookSettings(url, token.key, secret);
  const contactPoint = await during('contactPoint', async () => {
    // Grafana would add a second receiver to a contact point of that name, whose
    // first one has another secret or mails elsewhere.
    const same = await call<unknown[]>('GET', `${CONTACT_POINTS}?name=${encodeURIComponent(name)}`);
    if (same.length > 0) {
      throw taken(t('contact-point.taken', 'There is a contact point called {{name}} already.', { name }));
    }
    return call<{ uid: string }>(
      'POST',
      CONTACT_POINTS,
      { name, type: 'webhook', settings, disableResolveMessage: false },
      EDITABLE,
    );
  });
  undo.push(['contactPoint', () => call('DELETE', `${CONTACT_POINTS}/${contactPoint.uid}`, undefined, EDITABLE)]);

  const saved = await during('secret', async () => {
    const current = await call<Record<string, unknown>>('GET', `/api/datasources/uid/${encodeURIComponent(uid)}`);
    return call<{ datasource: { version: number } }>('PUT', `/api/datasources/uid/${encodeURIComponent(uid)}`, {
      ...current,
      secureJsonData: { webhookSecret: secret },
    });
  });
  // Or the first alerts would be refused: the data source would not know the secret yet.
  await refresh(uid).catch(() => {}); // it will in a moment

  return { uid: contactPoint.uid, name, version: saved.datasource.version, settings };
}

/** The folder of the alert rule, as in provisioning/alerting. */
const FOLDER = 'NHN Cloud Email';

// Grafana refuses longer ones.
const MAX_UID = 40;

/** QueueRule is the alert rule that watches the queue, in the words of the user. */
export interface QueueRule {
  title: string;
  annotations: { summary: string; description: string };
}

/** DURATION is a template of Grafana's: how long the oldest mail has waited. */
export const DURATION = '{{ humanizeDuration $values.age.Value }}';

/** folderUid finds the folder of a title, or makes it: provisioned folders have uids of Grafana's choice. */
async function folderUid(title: string): Promise<string> {
  const folders = await call<Array<{ uid: string; title: string }>>('GET', '/api/folders');
  const folder = folders.find((one) => one.title === title);
  return (folder ?? (await call<{ uid: string }>('POST', '/api/folders', { title }))).uid;
}

/**
 * createQueueRule creates the rule of provisioning/alerting/mail-not-going-out.yaml
 * for the data source uid, called name. Asking every minute, it also wakes the data
 * source after a restart of Grafana, so that mail which was waiting goes out.
 */
export async function createQueueRule(uid: string, name: string, words: QueueRule): Promise<{ uid: string }> {
  const folderUID = await folderUid(FOLDER);
  const ruleUid = `${uid}-not-going-out`;
  const relativeTimeRange = { from: 600, to: 0 };
  return call<{ uid: string }>(
    'POST',
    '/api/v1/provisioning/alert-rules',
    {
      uid: ruleUid.length <= MAX_UID ? ruleUid : undefined,
      title: words.title,
      folderUID,
      ruleGroup: name,
      condition: 'waiting',
      for: '0s',
      noDataState: 'Alerting',
      execErrState: 'Error',
      labels: { severity: 'critical' },
      annotations: {
        ...words.annotations,
        runbook_url: 'https://github.com/nhncloud/nhncloud-email-datasource/blob/main/docs/troubleshooting.md',
      },
      data: [
        {
          refId: 'age',
          queryType: 'queue',
          datasourceUid: uid,
          relativeTimeRange,
          model: { refId: 'age', queryType: 'queue', measure: 'oldestAge', datasource: { type: PLUGIN_ID, uid } },
        },
        {
          refId: 'waiting',
          datasourceUid: '__expr__',
          relativeTimeRange,
          model: {
            refId: 'waiting',
            type: 'threshold',
            expression: 'age',
            datasource: { type: '__expr__', uid: '__expr__' },
            conditions: [{ evaluator: { type: 'gt', params: [300] } }],
          },
        },
      ],
    },
    EDITABLE,
  );
}
