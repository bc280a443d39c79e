import type { ReactNode } from 'react';
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { CollapsableSection, Icon, Stack, useStyles2 } from '@grafana/ui';
import { t } from '../i18n';
import type { SettingKey } from '../types';
import type { Config } from './useConfig';
import { useFold } from './useFold';

interface Props {
  config: Config;
  /** The settings inside: a mistake in one of them opens the fold. */
  keys: readonly SettingKey[];
  title: string;
  /** What the settings inside say, for who does not open it. */
  summary?: string;
  children: ReactNode;
}

/** Fold is a section that few need: it is open when it was opened, or when something in it is wrong. */
export function Fold({ config, keys, title, summary, children }: Props) {
  const styles = useStyles2(getStyles);
  const { ref, wrong, isOpen, onToggle } = useFold(config, keys);
  return (
    <div className={cx(isOpen && styles.open)}>
      <CollapsableSection
        className={styles.header}
        contentClassName={styles.content}
        isOpen={isOpen}
        onToggle={onToggle}
        label={
          <Stack gap={1} alignItems="center" wrap="wrap">
            <span>{title}</span>
            {wrong && (
              <Icon
                className={styles.wrong}
                name="exclamation-circle"
                title={t('config.fold.wrong', 'Has a mistake')}
              />
            )}
            {summary && !isOpen && <span className={styles.summary}>{summary}</span>}
          </Stack>
        }
      >
        <div ref={ref}>{children}</div>
      </CollapsableSection>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  open: css({ gridColumn: '1 / -1' }), // it needs the whole row
  header: css({ fontSize: theme.typography.body.fontSize }),
  content: css({ paddingInlineStart: theme.spacing(3) }),
  summary: css({ color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightRegular }),
  wrong: css({ color: theme.colors.error.text }),
});
