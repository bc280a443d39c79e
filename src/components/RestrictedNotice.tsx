import { Text } from '@grafana/ui';
import { domainOf } from '../address';
import type { DomainReport } from '../api';
import { lacking } from '../domain';
import { t } from '../i18n';
import { translated } from '../remedies';
import { RESTRICTED } from '../service';

/** restrictedHosts lists the domains among addresses to which the service restricts mail. */
export const restrictedHosts = (addresses: string[]) =>
  [...new Set(addresses.map(domainOf))].filter((domain) => RESTRICTED.includes(domain)).sort();

/** RestrictedNotice says that mail to Gmail and Yahoo needs what the domain of From lacks, or may lack. */
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
          'NHN Cloud Email restricts mail to Gmail and Yahoo from a domain without SPF, DKIM and DMARC. Save & test looks them up.',
        )}
      </Text>
    );
  }
  const records = lacking(known).map(({ record }) => record.toUpperCase());
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
