import { Fragment } from 'react';
import { css, cx } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { ClipboardButton, Icon, Stack, useStyles2, type IconName } from '@grafana/ui';
import type { DomainFinding, DomainReport } from '../api';
import { t } from '../i18n';
import { translated } from '../remedies';
import { getTableStyles } from './table';

function outcome(status: DomainFinding['status']): { icon: IconName; text: string } {
  switch (status) {
    case 'ok':
      return { icon: 'check', text: t('domain.ok', 'Right') };
    case 'missing':
      return { icon: 'times', text: t('domain.missing', 'Missing') };
    case 'wrong':
      return { icon: 'exclamation-triangle', text: t('domain.wrong', 'Wrong') };
    default:
      return { icon: 'question-circle', text: t('domain.unknown', 'Not checked') };
  }
}

/** DomainTable shows what DNS has of the domain of From: each record, what is wrong, and the record to add. */
export function DomainTable({ report }: { report: DomainReport }) {
  const styles = useStyles2(getStyles);
  return (
    <Stack direction="column" gap={1}>
      <table
        className={styles.table}
        aria-label={t('domain.label', 'DNS records of {{domain}}', { domain: report.domain })}
      >
        <thead>
          <tr>
            <th scope="col">{t('domain.record', 'Record')}</th>
            <th scope="col">{t('domain.outcome', 'Outcome')}</th>
            <th scope="col">{t('domain.found', 'Found')}</th>
            <th scope="col">{t('domain.expected', 'Expected')}</th>
          </tr>
        </thead>
        <tbody>
          {report.findings.map((finding) => {
            const { icon, text } = outcome(finding.status);
            return (
              <Fragment key={finding.record}>
                <tr className={styles.first}>
                  <th scope="rowgroup" rowSpan={2}>
                    {finding.record.toUpperCase()}
                    <div className={styles.code}>{finding.name}</div>
                  </th>
                  <td className={cx(styles.short, styles[finding.status])}>
                    <Icon name={icon} /> {text}
                  </td>
                  <td className={styles.code}>
                    {(finding.found ?? []).map((record, index) => (
                      <div key={index}>{record}</div>
                    ))}
                  </td>
                  <td>
                    <Expected finding={finding} />
                  </td>
                </tr>
                <tr>
                  <td colSpan={3} className={styles.words}>
                    {translated(finding)}
                  </td>
                </tr>
              </Fragment>
            );
          })}
        </tbody>
      </table>
      <div className={styles.note}>
        {t(
          'domain.note',
          'This is what DNS said at {{time}}. Whether the domain is verified, only the NHN Cloud console says. A change in DNS may take up to 48 hours.',
          { time: dateTimeFormat(report.checked) },
        )}
      </div>
    </Stack>
  );
}

/** Expected is the record to have, to be copied. */
function Expected({ finding }: { finding: DomainFinding }) {
  const styles = useStyles2(getStyles);
  if (finding.expected) {
    const { expected } = finding;
    return (
      <Stack direction="column" gap={0.5} alignItems="flex-start">
        <span className={styles.code}>{expected}</span>
        <ClipboardButton
          icon="copy"
          size="sm"
          variant="secondary"
          getText={() => expected}
          aria-label={t('domain.copy-record', 'Copy the {{record}} record', { record: finding.record.toUpperCase() })}
        >
          {t('domain.copy', 'Copy')}
        </ClipboardButton>
      </Stack>
    );
  }
  const ofConsole = finding.record === 'dkim' && (finding.status === 'missing' || finding.status === 'wrong');
  return ofConsole ? t('domain.of-console', 'The record that the console shows') : null;
}

const getStyles = (theme: GrafanaTheme2) => ({
  ...getTableStyles(theme),
  first: css({ '& > td': { borderBottom: 'none' } }),
  short: css({ whiteSpace: 'nowrap' }),
  code: css({
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    overflowWrap: 'anywhere',
  }),
  words: css({ overflowWrap: 'anywhere' }),
  ok: css({ color: theme.colors.success.text }),
  missing: css({ color: theme.colors.error.text }),
  wrong: css({ color: theme.colors.error.text }),
  unknown: css({ color: theme.colors.text.secondary }),
  note: css({ color: theme.colors.text.secondary }),
});
