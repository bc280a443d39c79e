import type { Sample } from '../api';
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

/** serviceStatusName returns the name of a mail's status at the service. */
export function serviceStatusName(status: string): string {
  const names: Record<string, string> = {
    preparing: t('service-status.preparing', 'Preparing'),
    scheduled: t('service-status.scheduled', 'Scheduled'),
    sending: t('service-status.sending', 'Sending'),
    sent: t('service-status.sent', 'Sent (receipt not confirmed)'),
    delivered: t('service-status.delivered', 'Delivered'),
    failed: t('service-status.failed', 'Not delivered'),
    refused: t('service-status.refused', 'Unsubscribed'),
    unverified: t('service-status.unverified', 'Sender domain not verified'),
    whitelist: t('service-status.whitelist', 'Stopped by the whitelist'),
    unknown: t('service-status.unknown', 'Unknown'),
  };
  return names[status] ?? status;
}

/** serviceEventName returns the name of an event that the service counts. */
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

/** stageName is a step of the handshake in words. */
export function stageName(stage: string): string {
  const names: Record<string, string> = {
    dial: t('handshake.dial', 'Connect'),
    greeting: t('handshake.greeting', 'Greeting'),
    ehlo: t('handshake.ehlo', 'EHLO'),
    starttls: t('handshake.starttls', 'STARTTLS'),
    tls: t('handshake.tls', 'TLS handshake'),
    ehlo_tls: t('handshake.ehlo-tls', 'EHLO over TLS'),
    auth: t('handshake.auth', 'Authentication'),
    quit: t('handshake.quit', 'QUIT'),
  };
  return names[stage] ?? stage;
}

/** sampleName is a sample notification in words. */
export function sampleName(sample: Sample): string {
  return {
    firing: t('sample.firing', 'Firing'),
    resolved: t('sample.resolved', 'Resolved'),
    storm: t('sample.storm', 'Storm'),
  }[sample];
}
