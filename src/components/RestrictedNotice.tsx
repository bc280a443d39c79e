import { Text } from '@grafana/ui';
import type { DomainReport } from '../api';
import { domainOf, faulty } from '../domain';
import { t } from '../i18n';
import { translated } from '../remedies';
import { RESTRICTED } from '../service';

/** restrictedHosts lists the domains of the addresses to which the service restricts mail. */
export const restrictedHosts = (addresses: string[]) =>
  [...new Set(addresses.map(domainOf))].filter((domain) => RESTRICTED.includes(domain)).sort();

/** RestrictedNotice warns that mail to Gmail and Yahoo is restricted as long as records of the sender's domain are missing or wrong. */
export function RestrictedNotice({ to, from, known }: { to: string[]; from: string; known?: DomainReport }) {
  const hosts = restrictedHosts(to);
  if (hosts.length === 0) {
    return null;
  }
  if (!known || known.domain !== domainOf(from)) {
    return (
      <Text color="secondary">
        {t(
          'config.recipients.restricted',
          'NHN Cloud Email restricts mail to Gmail and Yahoo from a domain without SPF, DKIM and DMARC. Save & test checks them.',
        )}
      </Text>
    );
  }
  const records = faulty(known).map(({ record }) => record.toUpperCase());
  return (
    records.length > 0 && (
      <Text color="warning">
        {translated({
          hintId: 'domain-restricted',
          hintArgs: { hosts: hosts.join(', '), domain: known.domain, records: records.join(', ') },
        })}
      </Text>
    )
  );
}
