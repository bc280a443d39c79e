import { t } from '../i18n';

/** QueryHelp explains the kinds of query. */
export default function QueryHelp() {
  const kinds = [
    [
      t('query.deliveries', 'Deliveries'),
      t(
        'help.deliveries',
        'Every mail with its recipients, status, attempts and the words of the relay. A table for dashboards, log lines for Explore. All that wait or failed can be retried or cancelled at once.',
      ),
    ],
    [
      t('query.delivery', 'One delivery'),
      t(
        'help.delivery',
        'A delivery with each recipient and each attempt: when, at which stage, with which code and words. It can be retried or cancelled. The rows of the deliveries link to it.',
      ),
    ],
    [
      t('query.stats', 'Statistics'),
      t('help.stats', 'Mails over time by status and mail type, or how long delivery took (p50, p90, p99).'),
    ],
    [
      t('query.queue', 'Queue'),
      t(
        'help.queue',
        'How many mails wait now, and how old the oldest is. Made for alert rules; it does not depend on the time range.',
      ),
    ],
    [
      t('query.service-stats', 'Service statistics'),
      t(
        'help.service-stats',
        'How many mails sent over SMTP NHN Cloud Email counts as requested, sent, failed, received and opened, in all or by the domain of the recipients. The last 30 days only.',
      ),
    ],
    [
      t('query.service-mails', 'Service mails'),
      t(
        'help.service-mails',
        'The mails of this data source that NHN Cloud Email lists, and what became of each: its status, and the code and reply of the server that refused it.',
      ),
    ],
  ];
  return (
    <div>
      <h2>{t('help.title', 'NHN Cloud Email queries')}</h2>
      <dl>
        {kinds.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <p>
        {t(
          'help.variables',
          'Dashboard variables can list statuses, mail types, recipients and statuses at the service, and can be used in every filter.',
        )}
      </p>
    </div>
  );
}
