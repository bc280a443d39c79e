// The alert rule "mail is not going out", which watches the queue of the data source.
import { ApiError, call } from './api';
import { EDITABLE, permitted } from './contactPoint';
import { PLUGIN_ID } from './service';

/** The folder of the alert rule, as in provisioning/alerting. */
const FOLDER = 'NHN Cloud Email';

// Grafana refuses longer ones.
const MAX_UID = 40;

/** QueueRule is the alert rule in the words of the user. */
export interface QueueRule {
  title: string;
  annotations: { summary: string; description: string };
  /** What the rule group is called. */
  group: string;
  /** The contact point that tells about it; none: whichever the notification policies say. */
  receiver?: string;
}

/** DURATION is a template of Grafana's: how long the oldest mail has waited. */
export const DURATION = '{{ humanizeDuration $values.age.Value }}';

const RULES = '/api/v1/provisioning/alert-rules';

/** ruleUid is that of the rule of a data source; none where Grafana would refuse it. */
function ruleUid(uid: string): string | undefined {
  const wanted = `${uid}-not-going-out`;
  return wanted.length <= MAX_UID ? wanted : undefined;
}

interface Query {
  datasourceUid?: string;
  queryType?: string;
  model?: { queryType?: string };
}
type Ruler = Record<string, Array<{ rules: Array<{ grafana_alert?: { uid: string; data: Query[] } }> }>>;

const folderOf = async () =>
  (await call<Array<{ uid: string; title: string }>>('GET', '/api/folders')).find(({ title }) => title === FOLDER);

/**
 * findQueueRule is the rule of a data source, made here or provisioned: in its folder,
 * for a question after a uid that there is not is an error in the browser's console.
 */
export async function findQueueRule(uid: string): Promise<{ uid: string } | undefined> {
  const folder = await folderOf();
  const groups = folder && (await call<Ruler>('GET', `/api/ruler/grafana/api/v1/rules/${folder.uid}`));
  return Object.values(groups ?? {})
    .flat()
    .flatMap(({ rules }) => rules)
    .map(({ grafana_alert }) => grafana_alert)
    .find((rule) =>
      rule?.data.some(
        ({ datasourceUid, queryType, model }) =>
          datasourceUid === uid && [queryType, model?.queryType].includes('queue'),
      ),
    );
}

/** movedRule is the rule that somebody has moved to another folder, by what Grafana says of another of its uid. */
async function movedRule(known: string | undefined, cause: unknown): Promise<{ uid: string }> {
  if (known && cause instanceof ApiError && [400, 409].includes(cause.status)) {
    return call<{ uid: string }>('GET', `${RULES}/${encodeURIComponent(known)}`).catch(() => {
      throw cause;
    });
  }
  throw cause;
}

/**
 * createQueueRule creates the rule of provisioning/alerting/mail-not-going-out.yaml
 * for the data source uid. Asking every minute, it also wakes the data source after
 * a restart of Grafana, so that mail which was waiting goes out.
 */
export async function createQueueRule(uid: string, words: QueueRule): Promise<{ uid: string }> {
  // Provisioned folders have uids of Grafana's choice.
  const folder =
    (await folderOf()) ??
    (await permitted(call<{ uid: string }>('POST', '/api/folders', { title: FOLDER }), 'folders:create'));
  const relativeTimeRange = { from: 600, to: 0 };
  const rule = {
    uid: ruleUid(uid),
    title: words.title,
    folderUID: folder.uid,
    ruleGroup: words.group,
    condition: 'waiting',
    for: '0s',
    noDataState: 'Alerting',
    execErrState: 'Error',
    labels: { severity: 'critical' },
    annotations: {
      ...words.annotations,
      runbook_url: 'https://github.com/nhncloud/nhncloud-email-datasource/blob/main/docs/troubleshooting.md',
    },
    notification_settings: words.receiver ? { receiver: words.receiver } : undefined,
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
  };
  return permitted(
    call<{ uid: string }>('POST', RULES, rule, EDITABLE).catch((cause) => movedRule(rule.uid, cause)),
    'alert.provisioning:write / alert.rules:create + alert.provisioning.provenance:write',
  );
}
