import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import type { Problem } from '../api';
import { t } from '../i18n';
import { translated } from '../remedies';

/** Remedy is what to do about a failure; the words of the program or the relay are folded below. */
export function Remedy({ failure }: { failure: Problem }) {
  const styles = useStyles2(getStyles);
  const words = failure.error ?? failure.message ?? '';
  const remedy = translated(failure);
  if (!remedy) {
    return <span>{words}</span>;
  }
  return (
    <div>
      <div className={styles.remedy}>{remedy}</div>
      {words && (
        <details>
          <summary>{t('failure.words', 'Technical details')}</summary>
          <span className={styles.words}>{words}</span>
        </details>
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  remedy: css({ color: theme.colors.text.primary }),
  words: css({
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: theme.typography.bodySmall.fontSize,
    overflowWrap: 'anywhere',
  }),
});
