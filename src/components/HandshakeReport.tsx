import { css, cx } from '@emotion/css';
import { dateTimeFormat, formattedValueToString, getValueFormat, type GrafanaTheme2 } from '@grafana/data';
import { Icon, Stack, useStyles2, type IconName } from '@grafana/ui';
import type { Handshake, StageReport } from '../api';
import { t } from '../i18n';
import { stageName } from './names';
import { Remedy } from './Remedy';
import { getTableStyles } from './table';

function outcome(stage: StageReport): { icon: IconName; text: string } {
  switch (stage.outcome) {
    case 'passed':
      return { icon: 'check', text: t('handshake.passed', 'Passed') };
    case 'failed':
      return { icon: 'times', text: t('handshake.failed', 'Failed') };
    default:
      return { icon: 'minus', text: t('handshake.skipped', 'Not reached') };
  }
}

export const milliseconds = (ms: number) => formattedValueToString(getValueFormat('ms')(ms, ms < 10 ? 1 : 0));

/** HandshakeReport shows a handshake step by step: where it failed, the relay's words, and there the remedy. */
export function HandshakeReport({ report }: { report: Handshake }) {
  const styles = useStyles2(getStyles);
  const { error, tls, mechanism } = report;
  const facts = [
    tls?.version && [tls.version, tls.cipher].filter(Boolean).join(', '),
    tls &&
      t('handshake.certificate', 'Certificate of {{subject}}, signed by {{issuer}}, valid until {{date}}', {
        subject: tls.certificate.subject,
        issuer: tls.certificate.issuer,
        date: dateTimeFormat(tls.certificate.notAfter, { format: 'YYYY-MM-DD' }),
      }),
    mechanism && t('handshake.mechanism', 'Mechanism: {{mechanism}}', { mechanism }),
  ].filter(Boolean);

  return (
    <Stack direction="column" gap={1}>
      <table className={styles.table} aria-label={t('handshake.label', 'Handshake with the relay')}>
        <thead>
          <tr>
            <th scope="col">{t('handshake.step', 'Step')}</th>
            <th scope="col">{t('handshake.outcome', 'Outcome')}</th>
            <th scope="col" className={styles.short}>
              {t('handshake.duration', 'Duration')}
            </th>
            <th scope="col">{t('handshake.reply', 'Reply of the relay')}</th>
          </tr>
        </thead>
        <tbody>
          {report.stages.map((stage) => {
            const { icon, text } = outcome(stage);
            return (
              <tr key={stage.name}>
                <th scope="row" className={styles.short}>
                  {stageName(stage.name)}
                </th>
                <td className={cx(styles.short, styles[stage.outcome])}>
                  <Icon name={icon} /> {text}
                </td>
                <td className={styles.short}>{stage.outcome !== 'skipped' && milliseconds(stage.durationMs)}</td>
                <td>
                  <div className={styles.reply}>{stage.reply}</div>
                  {error && stage.outcome === 'failed' && <Remedy failure={error} />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {facts.map((fact) => (
        <div key={fact} className={styles.fact}>
          {fact}
        </div>
      ))}
    </Stack>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  ...getTableStyles(theme),
  short: css({ whiteSpace: 'nowrap' }),
  reply: css({
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    overflowWrap: 'anywhere',
  }),
  fact: css({ color: theme.colors.text.secondary, overflowWrap: 'anywhere' }),
});
