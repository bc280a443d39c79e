import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { HealthStatus } from '@grafana/runtime';
import { Icon, useStyles2 } from '@grafana/ui';
import { useHealth } from '../health';
import { t } from '../i18n';
import { accountOf, useSetup } from '../setup';
import type { Config } from './useConfig';

/** Checklist shows what a data source needs before alerts are mailed, what of it is done, and what is next. */
export function Checklist({ config, uid }: { config: Config; uid: string }) {
  const styles = useStyles2(getStyles);
  const { tested, contactPoint, rule } = useSetup(uid);
  const failed = useHealth(uid)?.status === HealthStatus.Error;
  const steps = [
    {
      name: t('checklist.account', 'Save the keys and the sender'),
      done: config.ready && !failed && Object.keys(config.errors).length === 0,
    },
    { name: t('checklist.test', 'Send a test mail'), done: tested === accountOf(config.settings) },
    { name: t('checklist.contact-point', 'Create a contact point'), done: contactPoint },
    { name: t('checklist.rule', 'Let an alert rule watch the queue'), done: rule },
  ];
  const next = steps.findIndex(({ done }) => !done);
  return (
    <ol className={styles.list} aria-label={t('checklist.label', 'Setup')}>
      {steps.map(({ name, done }, index) => (
        <li
          key={name}
          className={cx(styles.step, done && styles.done, index === next && styles.next)}
          aria-current={index === next ? 'step' : undefined}
        >
          <Icon
            name={done ? 'check-circle' : 'circle'}
            title={done ? t('checklist.done', 'Done') : t('checklist.open', 'To do')}
          />
          {name}
        </li>
      ))}
    </ol>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({
    display: 'flex',
    flexWrap: 'wrap',
    gap: theme.spacing(0.5, 3),
    listStyle: 'none',
    margin: 0,
    padding: 0,
  }),
  step: css({
    display: 'inline-flex',
    alignItems: 'center',
    gap: theme.spacing(0.5),
    color: theme.colors.text.secondary,
  }),
  done: css({ color: theme.colors.success.text }),
  next: css({ color: theme.colors.text.primary, fontWeight: theme.typography.fontWeightMedium }),
});
