import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, Spinner, useStyles2 } from '@grafana/ui';
import { STEPS, type Step, type StepState } from '../contactPointSteps';
import { t } from '../i18n';

export type Progress = Partial<Record<Step, StepState>>;

/** Steps says how far the work on a contact point is. */
export function Steps({ progress }: { progress: Progress }) {
  const styles = useStyles2(getStyles);
  const names: Record<Step, string> = {
    address: t('contact-point.step-address', 'Address of Grafana'),
    serviceAccount: t('contact-point.step-account', 'Service account'),
    token: t('contact-point.step-token', 'Token'),
    secret: t('contact-point.step-secret', 'Signing secret saved with the data source'),
    contactPoint: t('contact-point.step-point', 'Contact point'),
    charts: t('contact-point.step-charts', 'Token for charts'),
  };
  const states: Record<StepState, string> = {
    running: t('contact-point.running', 'under way'),
    done: t('contact-point.done', 'done'),
    failed: t('contact-point.failed', 'failed'),
    undone: t('contact-point.undone', 'removed again'),
    left: t('contact-point.left', 'still there: reload the page to remove it'),
  };
  if (Object.keys(progress).length === 0) {
    return null;
  }
  return (
    <ul aria-live="polite" className={styles.list}>
      {STEPS.map((step) => {
        const state = progress[step];
        return (
          state && (
            <li key={step}>
              {state === 'running' ? <Spinner inline /> : <Icon name={state === 'done' ? 'check' : 'times'} />}{' '}
              {names[step]}: {states[state]}
            </li>
          )
        );
      })}
    </ul>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ listStyle: 'none', display: 'flex', flexWrap: 'wrap', columnGap: theme.spacing(2) }),
});
