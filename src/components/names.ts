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

/** serviceStatusName is what the service says of a mail, in words. */
export function serviceStatusName(status: string): string {
  const names: Record<string, string> = {
    preparing: t('service-status.preparing', 'Preparing'),
    scheduled: t('service-status.scheduled', 'Scheduled'),
    sending: t('service-status.sending', 'Being sent'),
    sent: t('service-status.sent', 'Sent, receipt not confirmed'),
    delivered: t('service-status.delivered', 'Delivered'),
    failed: t('service-status.failed', 'Not delivered'),
    refused: t('service-status.refused', 'Unsubscribed by the recipient'),
    unverified: t('service-status.unverified', 'Sender domain not verified'),
    whitelist: t('service-status.whitelist', 'Stopped by the white list'),
    unknown: t('service-status.unknown', 'Unknown'),
  };
  return names[status] ?? status;
}

/** serviceEventName is what the service counts, in words. */
export function serviceEventName(event: string): string {
  const names: Record<string, string> = {
    requested: t('service-event.requested', 'Requested'),
    sent: t('service-event.sent', 'Sent'),
    failed: t('service-event.failed', 'Failed'),
    received: t('service-event.received', 'Received'),
    opened: t('service-event.opened', 'Opened'),
  };
  return names[event] ?? event;
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
