// Creates, renews and removes a contact point of the data source through Grafana's own
// API, with the session of the user who asked for it, step by step.
//
// A signing secret is saved and a token is made before a contact point has them, and both
// are removed after it has them no more. So alerts are refused at no moment, wherever
// this ends: what is left over then is recognized by its number, and removed later.
import { ApiError, asApiError, call, dataSource, refresh, resource } from './api';
import {
  alertsUrl,
  chartsTokenName,
  CONTACT_POINTS,
  EDITABLE,
  keyIdOf,
  newSecret,
  permitted,
  REDACTED,
  secretName,
  signedUrl,
  tokenName,
  webhookSettings,
  WRITE,
  type ContactPoint,
} from './contactPoint';
import { findAccount, freeNumber, isTaken, readContactPoints, readOverview, type Leftover } from './contactPoints';
import { t } from './i18n';
import { makeToken, ownAccount, removeAccount, removeToken } from './serviceAccount';
import type { EmailJsonData } from './types';

export type Step = 'address' | 'serviceAccount' | 'token' | 'secret' | 'contactPoint' | 'charts';
export type StepState = 'running' | 'done' | 'failed' | 'undone' | 'left';
export const STEPS: Step[] = ['address', 'serviceAccount', 'token', 'secret', 'contactPoint', 'charts'];

export interface Watch {
  onStep: (step: Step, state: StepState) => void;
  /** The data source was saved, as this version and with these settings changed. */
  onSaved: (version: number, changed?: SavedElsewhere) => void;
}

/** SavedElsewhere is what was saved behind the form's back, other than secrets of contact points. */
export interface SavedElsewhere {
  jsonData: Partial<EmailJsonData>;
  secureJsonFields: Record<string, boolean>;
}

export interface Request {
  /** Of the data source. */
  uid: string;
  /** Of the contact point. */
  name: string;
  /** Where Grafana reaches itself, such as https://grafana.example.com/. */
  grafanaUrl: string;
  /** Whether mail may show charts, for which the data source gets a token. */
  charts?: boolean;
  /** Whose mail its alerts become; without one, the data source's own. */
  profile?: string;
}

/** saveSecrets saves secrets, or removes those that are empty, and changes settings. The backend knows them at once. */
async function saveSecrets(
  uid: string,
  secrets: Record<string, string>,
  { onSaved }: Watch,
  jsonData?: Partial<EmailJsonData>,
) {
  const current = await call<{ jsonData?: object }>('GET', dataSource(uid));
  const saved = await permitted(
    call<{ datasource: { version: number } }>('PUT', dataSource(uid), {
      ...current,
      jsonData: { ...current.jsonData, ...jsonData },
      secureJsonData: secrets,
    }),
    'datasources:write',
  );
  onSaved(
    saved.datasource.version,
    jsonData && { jsonData, secureJsonFields: Object.fromEntries(Object.keys(secrets).map((key) => [key, true])) },
  );
  // Or the first alerts would be refused: Grafana keeps settings for a while.
  await refresh(uid).catch(() => {}); // it will in a moment
}

/** Unsure is the failure of a change that may have been made: what it needs must stay. */
class Unsure extends ApiError {}

/** stepwise runs steps; when one fails, what those before it have made is removed again. */
function stepwise({ onStep }: Watch) {
  const undo: Array<[Step, () => Promise<unknown>]> = [];
  return async <T>(step: Step, work: () => Promise<T>, remove?: (made: T) => Promise<unknown>): Promise<T> => {
    onStep(step, 'running');
    try {
      const made = await work();
      if (remove) {
        undo.push([step, () => remove(made)]);
      }
      onStep(step, 'done');
      return made;
    } catch (cause) {
      onStep(step, 'failed');
      for (const [done, again] of undo.reverse()) {
        await (cause instanceof Unsure ? Promise.reject(cause) : again()).then(
          () => onStep(done, 'undone'),
          () => onStep(done, 'left'),
        );
      }
      throw cause;
    }
  };
}

/** credentials makes a token and saves a signing secret, of the same number. */
async function credentials(uid: string, watch: Watch, during: ReturnType<typeof stepwise>) {
  const { taken } = await readOverview(uid);
  const keyId = freeNumber(taken);
  const account = await during(
    'serviceAccount',
    () => ownAccount(uid),
    async ({ isNew }) => isNew && removeAccount(uid),
  );
  const token = await during(
    'token',
    () => makeToken(account.id, tokenName(uid, keyId)),
    ({ id }) => removeToken(account.id, id),
  );
  const secret = newSecret();
  await during(
    'secret',
    () => saveSecrets(uid, { [secretName(keyId)]: secret }, watch),
    () => saveSecrets(uid, { [secretName(keyId)]: '' }, watch),
  );
  return { keyId, token: token.key, secret };
}

/**
 * createContactPoint makes a webhook contact point with a token and a signing secret of its
 * own, after a look whether Grafana is where the contact point would post to.
 */
export async function createContactPoint(
  { uid, name, grafanaUrl, profile }: Request,
  watch: Watch,
): Promise<ContactPoint> {
  const during = stepwise(watch);
  await during('address', async () => {
    await call('POST', resource(uid, 'grafana'), { url: grafanaUrl });
    // Grafana would add a second receiver to a contact point of that name.
    if (await isTaken(name)) {
      throw new ApiError(
        t('contact-point.taken', 'There is a contact point called {{name}} already.', { name }),
        t('contact-point.taken-help', 'Choose another name.'),
      );
    }
  });
  const { keyId, token, secret } = await credentials(uid, watch, during);
  return during('contactPoint', async () => {
    // What is chosen here is bound by a key, unlike what is written by hand.
    const chosen = alertsUrl(grafanaUrl, uid, profile) + (profile ? '&key=' : '');
    const url = await signedUrl(uid, chosen, keyId, secret);
    const wanted = {
      name,
      type: 'webhook',
      settings: webhookSettings(url, token, secret),
      disableResolveMessage: false,
    };
    return permitted(call<ContactPoint>('POST', CONTACT_POINTS, wanted, EDITABLE), WRITE).catch((cause) =>
      madeAnyway(uid, keyId, cause),
    );
  });
}

/** allowCharts saves a token of the service account with the data source, and where it is used: charts need both. */
export async function allowCharts({ uid, grafanaUrl }: Request, watch: Watch): Promise<void> {
  const name = chartsTokenName(uid);
  const remove = async () => {
    const account = await findAccount(uid);
    const token = account?.tokens.find((one) => one.name === name);
    if (account && token) {
      await permitted(removeToken(account.id, token.id), 'serviceaccounts:write');
    }
  };
  // What was made before stays, whatever becomes of this.
  await stepwise(watch)('charts', async () => {
    const { id } = await ownAccount(uid);
    await remove(); // of one that is not saved the key is nowhere
    const token = await makeToken(id, name);
    await saveSecrets(uid, { grafanaToken: token.key }, watch, { grafanaUrl }).catch(async (cause) => {
      await remove().catch(() => {});
      throw cause;
    });
  });
}

/** madeAnyway is the contact point that has the number of a change whose answer says it failed: an answer may get lost. */
async function madeAnyway(uid: string, keyId: number, cause: unknown): Promise<ContactPoint> {
  const all = await readContactPoints(uid).catch(() => {
    const { message, hint, status } = asApiError(cause);
    throw new Unsure(message, hint, status);
  });
  const made = all.find(({ settings }) => keyIdOf(settings.url) === keyId);
  if (!made) {
    throw cause;
  }
  return made;
}

/**
 * renewContactPoint gives a contact point another token and another signing secret. The old
 * ones stay: Grafana goes on using them until its Alertmanager has read the change.
 */
export async function renewContactPoint(uid: string, contactPoint: ContactPoint, watch: Watch): Promise<void> {
  const during = stepwise(watch);
  const { keyId, token, secret } = await credentials(uid, watch, during);
  await during('contactPoint', async () => {
    const url = await signedUrl(uid, contactPoint.settings.url, keyId, secret);
    const settings: Record<string, unknown> = { ...contactPoint.settings, ...webhookSettings(url, token, secret) };
    // Grafana's names of the secrets that are replaced, and of those that exclude a token.
    for (const name of ['hmacConfig.secret', 'username', 'password']) {
      delete settings[name];
    }
    if (JSON.stringify(settings).includes(REDACTED)) {
      throw new ApiError(
        t('contact-point.more-secrets', 'The contact point has further secrets, which this page cannot keep.'),
        t('contact-point.more-secrets-help', 'Create another contact point, or change this one in Alerting.'),
      );
    }
    const { name, disableResolveMessage = false } = contactPoint;
    const wanted = { name, type: 'webhook', settings, disableResolveMessage };
    await permitted(call('PUT', `${CONTACT_POINTS}/${contactPoint.uid}`, wanted, EDITABLE), WRITE).catch((cause) =>
      madeAnyway(uid, keyId, cause),
    );
  });
}

/** removeContactPoint deletes a contact point, then the token and the signing secret that it had. */
export async function removeContactPoint(uid: string, contactPoint: ContactPoint, watch: Watch): Promise<void> {
  const keyId = keyIdOf(contactPoint.settings.url);
  await permitted(call('DELETE', `${CONTACT_POINTS}/${contactPoint.uid}`, undefined, EDITABLE), WRITE);
  const { leftovers } = await readOverview(uid);
  await removeLeftovers(
    uid,
    leftovers.filter((one) => one.keyId === keyId),
    watch,
  );
}

/** removeLeftovers removes tokens and signing secrets, and the service account after its last token. */
export async function removeLeftovers(uid: string, leftovers: Leftover[], watch: Watch): Promise<void> {
  const account = await findAccount(uid);
  for (const { tokenId } of leftovers) {
    if (account && tokenId) {
      await permitted(removeToken(account.id, tokenId), 'serviceaccounts:write');
    }
  }
  const secrets = leftovers.filter(({ hasSecret }) => hasSecret).map(({ keyId }) => [secretName(keyId), '']);
  if (secrets.length > 0) {
    await saveSecrets(uid, Object.fromEntries(secrets), watch);
  }
  if (account) {
    await removeAccount(uid).catch(() => {}); // it can do nothing without a token
  }
}
