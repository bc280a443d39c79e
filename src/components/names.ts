import { config } from '@grafana/runtime';
import type { Sample } from '../api';
import { t } from '../i18n';
import type { QueryType, RecipientMode } from '../types';

/** statusName is the state of a delivery in words. */
export function statusName(status: string): string {
  const names: Record<string, string> = {
    collecting: t('status.collecting', 'Collecting'),
    queued: t('status.queued', 'Queued'),
    sending: t('status.sending', 'Sending'),
    held: t('status.held', 'Held'),
    sent: t('status.sent', 'Sent'),
    partial: t('status.partial', 'Partly sent'),
    digested: t('status.digested', 'In digest'),
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

/** recipientModes are the ways to address several recipients, for a choice. */
export const recipientModes = (): Array<{ value: RecipientMode; label: string; description: string }> => [
  {
    value: 'single',
    label: t('recipient-mode.single', 'One mail for all'),
    description: t('recipient-mode.single-help', 'Everyone sees who else got it.'),
  },
  {
    value: 'individual',
    label: t('recipient-mode.individual', 'One mail each'),
    description: t('recipient-mode.individual-help', 'Everyone sees only their own address.'),
  },
  {
    value: 'undisclosed',
    label: t('recipient-mode.undisclosed', 'One mail, recipients hidden'),
    description: t('recipient-mode.undisclosed-help', 'The mail names no recipient.'),
  },
];

/** weekdayName is a day of the week, from Monday on, in the language of the page. */
export const weekdayName = (index: number) =>
  new Intl.DateTimeFormat(config.bootData?.user?.language || undefined, { weekday: 'short', timeZone: 'UTC' }).format(
    new Date(Date.UTC(2024, 0, 1 + index)), // a Monday
  );

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

/** queryTypeName is a kind of query in words. */
export function queryTypeName(type: QueryType): string {
  const names: Record<QueryType, string> = {
    deliveries: t('query.deliveries', 'Deliveries'),
    delivery: t('query.delivery', 'One delivery'),
    stats: t('query.stats', 'Statistics'),
    queue: t('query.queue', 'Queue'),
    serviceStats: t('query.service-stats', 'Service statistics'),
    serviceMails: t('query.service-mails', 'Service mails'),
  };
  return names[type] ?? type;
}

/** columnName is a column of a table in words. */
export function columnName(field: string): string {
  const names: Record<string, string> = {
    time: t('column.time', 'Time'),
    status: t('query.status', 'Status'),
    subject: t('column.subject', 'Subject'),
    recipients: t('column.recipients', 'Recipients'),
    accepted: t('column.accepted', 'Accepted'),
    mailType: t('config.mail-type.label', 'Mail type'),
    attempts: t('column.attempts', 'Attempts'),
    duration: t('column.duration', 'Duration'),
    reason: t('column.reason', 'Reason'),
    nextAttempt: t('column.next-attempt', 'Next attempt'),
    messageId: t('column.message-id', 'Message-ID'),
    id: t('query.id', 'ID'),
    from: t('column.from', 'From'),
    size: t('column.size', 'Size'),
    expires: t('column.expires', 'Expires'),
    note: t('column.note', 'Note'),
    notifications: t('column.notifications', 'Notifications'),
    digest: t('query.digest', 'Digest'),
    address: t('column.address', 'Address'),
    kind: t('column.kind', 'Kind'),
    updated: t('column.updated', 'Updated'),
    message: t('column.message', 'Reply'),
    code: t('column.code', 'Code'),
    enhancedCode: t('column.enhanced-code', 'Enhanced code'),
    stage: t('column.stage', 'Stage'),
    outcome: t('column.outcome', 'Outcome'),
    attempt: t('column.attempt', 'Attempt'),
    service: t('column.service', 'Status at the service'),
    serviceMessage: t('column.service-message', 'Reason of the service'),
    serviceCode: t('column.service-code', 'Code of the service'),
    recipient: t('query.recipient', 'Recipient'),
    dsnMessage: t('column.dsn-message', "Reply of the recipient's server"),
    dsnCode: t('column.dsn-code', 'DSN code'),
    received: t('column.received', 'Received'),
    opened: t('column.opened', 'Opened'),
    requestId: t('column.request-id', 'Request ID'),
  };
  return names[field] ?? field;
}

/** sampleName is a sample notification in words. */
export function sampleName(sample: Sample): string {
  return {
    firing: t('sample.firing', 'Firing'),
    resolved: t('sample.resolved', 'Resolved'),
    storm: t('sample.storm', 'Storm'),
  }[sample];
}
