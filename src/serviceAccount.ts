// The service account whose tokens the contact points of the data source have, and its charts.
import { ApiError, call } from './api';
import { accountName, permitted } from './contactPoint';
import { findAccount, type Account } from './contactPoints';
import { t } from './i18n';

/** makeToken makes a token of a service account. */
export const makeToken = (account: number, name: string) =>
  permitted(
    call<{ id: number; key: string }>('POST', `/api/serviceaccounts/${account}/tokens`, { name }),
    'serviceaccounts:write',
  );

/** removeToken removes a token of a service account. */
export const removeToken = (account: number, token: number) =>
  call('DELETE', `/api/serviceaccounts/${account}/tokens/${token}`);

/** removeAccount removes the service account, unless a contact point that was created meanwhile has a token of it. */
export async function removeAccount(uid: string) {
  const account = await findAccount(uid);
  if (account?.tokens.length === 0) {
    await call('DELETE', `/api/serviceaccounts/${account.id}`);
  }
}

/** ownAccount is the service account of the contact points, which is made once. */
export async function ownAccount(uid: string): Promise<Omit<Account, 'tokens'> & { isNew: boolean }> {
  const found = await findAccount(uid);
  if (!found) {
    const made = await permitted(
      call<Account>('POST', '/api/serviceaccounts', { name: accountName(uid), role: 'Viewer', isDisabled: false }),
      'serviceaccounts:create',
    );
    return { ...made, isNew: true };
  }
  if (found.role !== 'Viewer' || found.isDisabled) {
    throw new ApiError(
      t('contact-point.account-changed', 'The service account {{name}} is disabled, or has another role than Viewer.', {
        name: accountName(uid),
      }),
      t('contact-point.account-help', 'Enable it and give it the role Viewer, or rename it: another is created then.'),
    );
  }
  return { ...found, isNew: false };
}
