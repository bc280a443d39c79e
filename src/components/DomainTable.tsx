import { Fragment, type ReactNode } from 'react';
import { css, cx } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { ClipboardButton, Icon, Stack, TextLink, useStyles2, type IconName } from '@grafana/ui';
import type { DomainFinding, DomainReport } from '../api';
import { isFaulty } from '../domain';
import { t } from '../i18n';
import { documentation } from '../links';
import { translated } from '../remedies';
import { getTableStyles } from './table';

function outcome(status: DomainFinding['status']): { icon: IconName; text: string } {
  switch (status) {
    case 'ok':
      return { icon: 'check', text: t('domain.ok', 'Correct') };
    case 'missing':
      return { icon: 'times', text: t('domain.missing', 'Missing') };
    case 'wrong':
      return { icon: 'exclamation-triangle', text: t('domain.wrong', 'Wrong') };
    default:
      return { icon: 'question-circle', text: t('domain.unknown', 'Not checked') };
  }
}

/** DomainTable shows the DNS records of the sender's domain: what DNS has, what is wrong, and the record to add. */
export function DomainTable({ report }: { report: DomainReport }) {
  const styles = useStyles2(getStyles);
  return (
    <Stack direction="column" gap={1}>
      <table className={styles.table}>
        <caption className={styles.caption}>
          {t('domain.label', 'DNS records of {{domain}}', { domain: report.domain })}
        </caption>
        <thead>
          <tr>
            <th scope="col" className={styles.record}>
              {t('domain.record', 'Record')}
            </th>
            <th scope="col" className={styles.outcome}>
              {t('domain.outcome', 'Outcome')}
            </th>
            <th scope="col">{t('domain.found', 'Found')}</th>
            <th scope="col">{t('domain.expected', 'Expected')}</th>
          </tr>
        </thead>
        <tbody>
          {report.findings.map((finding) => (
            <Rows key={finding.record} finding={finding} />
          ))}
        </tbody>
      </table>
      <div className={styles.note}>
        {t(
          'domain.note',
          'This is what DNS said at {{time}}. Only the NHN Cloud console shows whether the domain is verified. A change in DNS can take up to 48 hours.',
          { time: dateTimeFormat(report.checked) },
        )}{' '}
        <TextLink href={documentation('troubleshooting.md#the-domain-of-from')} external inline>
          {t('config.documentation', 'Documentation')}
        </TextLink>
      </div>
    </Stack>
  );
}

/** Rows say what is to be done about a record, and below that show what is there and what should be. */
function Rows({ finding }: { finding: DomainFinding }) {
  const styles = useStyles2(getStyles);
  const { icon, text } = outcome(finding.status);
  const { found = [] } = finding;
  const expected = expectation(finding);
  const records = found.length > 0 || expected !== null;
  return (
    <>
      <tr className={cx(records && styles.first)}>
        <th scope="rowgroup" rowSpan={records ? 2 : 1}>
          {finding.record.toUpperCase()}
          <div className={styles.code}>{breakable(finding.name)}</div>
        </th>
        <td rowSpan={records ? 2 : 1} className={styles[finding.status]}>
          <Icon name={icon} /> {text}
        </td>
        <td colSpan={2} className={styles.words}>
          {translated(finding)}
        </td>
      </tr>
      {records && (
        <tr>
          <td className={styles.code} colSpan={expected === null ? 2 : 1}>
            {found.map((record, index) => (
              <div key={index}>{record}</div>
            ))}
          </td>
          {expected !== null && <td>{expected}</td>}
        </tr>
      )}
    </>
  );
}

/** breakable is a name in DNS that may go on in another line behind a dot, not in a word. */
const breakable = (name: string) =>
  name.split(/(?<=\.)/).map((part, index) => (
    <Fragment key={index}>
      {part}
      <wbr />
    </Fragment>
  ));

/** expectation is the record to have, to be copied, or where to find it; null where nothing is to be done. */
function expectation(finding: DomainFinding): ReactNode {
  if (finding.expected) {
    return <Expected record={finding.record} text={finding.expected} />;
  }
  return finding.record === 'dkim' && isFaulty(finding)
    ? t('domain.of-console', 'The record that the console shows')
    : null;
}

function Expected({ record, text }: { record: DomainFinding['record']; text: string }) {
  const styles = useStyles2(getStyles);
  return (
    <Stack direction="column" gap={0.5} alignItems="flex-start">
      <span className={styles.code}>{text}</span>
      <ClipboardButton
        icon="copy"
        size="sm"
        variant="secondary"
        getText={() => text}
        aria-label={t('domain.copy-record', 'Copy the {{record}} record', { record: record.toUpperCase() })}
      >
        {t('domain.copy', 'Copy')}
      </ClipboardButton>
    </Stack>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  ...getTableStyles(theme),
  // Keys have no spaces: the widths must not depend on them.
  table: cx(getTableStyles(theme).table, css({ tableLayout: 'fixed' })),
  caption: css({ captionSide: 'top', padding: theme.spacing(1, 1, 0.5), color: theme.colors.text.primary }),
  record: css({ width: '24%' }),
  outcome: css({ width: '8.5em' }),
  first: css({ '& > td:last-child': { borderBottom: 'none' } }),
  code: css({
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    overflowWrap: 'anywhere',
    '& > div + div': { marginTop: theme.spacing(0.5) },
  }),
  words: css({ overflowWrap: 'anywhere' }),
  ok: css({ color: theme.colors.success.text }),
  missing: css({ color: theme.colors.error.text }),
  wrong: css({ color: theme.colors.error.text }),
  unknown: css({ color: theme.colors.text.secondary }),
  note: css({ color: theme.colors.text.secondary }),
});
