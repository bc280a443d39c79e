import { t } from '../i18n';

/** statusName is the state of a delivery in words. */
export function statusName(status: string): string {
  const names: Record<string, string> = {
    queued: t('status.queued', 'Queued'),
    sending: t('status.sending', 'Sending'),
    held: t('status.held', 'Held'),
    sent: t('status.sent', 'Sent'),
    partial: t('status.partial', 'Partly sent'),
    failed: t('status.failed', 'Failed'),
    expired: t('status.expired', 'Expired'),
    cancelled: t('status.cancelled', 'Cancelled'),
  };
  return names[status] ?? status;
}

/** mailTypeName is a mail type in words. */
export function mailTypeName(type: string): string {
  const names: Record<string, string> = {
    normal: t('mail-type.normal', 'Normal'),
    auth: t('mail-type.auth', 'Authentication'),
    ad: t('mail-type.ad', 'Advertising'),
  };
  return names[type] ?? type;
}
