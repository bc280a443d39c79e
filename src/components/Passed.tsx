import type { ReactNode } from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Icon, Stack, useStyles2 } from '@grafana/ui';

/** Passed says in a line what went well, and beside it what else there is to say. */
export function Passed({ text, children }: { text: string; children?: ReactNode }) {
  const styles = useStyles2(getStyles);
  return (
    <div role="status">
      <Stack alignItems="center" columnGap={1} rowGap={0} wrap="wrap">
        <span className={styles.passed}>
          <Icon name="check" /> {text}
        </span>
        {children}
      </Stack>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({ passed: css({ color: theme.colors.success.text }) });
