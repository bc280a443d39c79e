import { mailTypeName, queryTypeName, serviceEventName, serviceStatusName, statusName } from './components/names';
import { t } from './i18n';
import type { EmailQuery } from './types';

/** displayText is a query on one line, as Grafana shows one whose editor is folded. */
export function displayText({ queryType = 'deliveries', ...query }: EmailQuery): string {
  const measures: Record<string, string> = {
    latency: t('query.latency', 'Time to delivery'),
    depth: t('query.depth', 'Mails waiting'),
    oldestAge: t('query.oldest-age', 'Age of the oldest'),
  };
  const measure = query.measure && (measures[query.measure] ?? serviceEventName(query.measure));
  const status = queryType === 'serviceMails' ? serviceStatusName : statusName;
  const parts = [
    query.measure !== 'count' && measure,
    query.by === 'domain' && t('query.by-domain', 'By recipient domain'),
    query.status?.map(status).join(', '),
    query.mailType?.map(mailTypeName).join(', '),
    query.recipient,
    query.text && `"${query.text}"`,
    query.digest && `${t('query.digest', 'Digest')} ${query.digest}`,
    query.id,
  ].filter(Boolean);
  return [queryTypeName(queryType), parts.join(' · ')].filter(Boolean).join(': ');
}
