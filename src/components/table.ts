import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';

/** getTableStyles is the look of the small tables of this plugin. */
export const getTableStyles = (theme: GrafanaTheme2) => ({
  table: css({
    width: '100%',
    'th, td': {
      padding: theme.spacing(0.5, 1),
      borderBottom: `1px solid ${theme.colors.border.weak}`,
      textAlign: 'left',
      verticalAlign: 'top',
      fontWeight: theme.typography.fontWeightRegular,
    },
    'thead th': { color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize },
  }),
  passed: css({ color: theme.colors.success.text }),
  failed: css({ color: theme.colors.error.text, overflowWrap: 'anywhere' }),
  skipped: css({ color: theme.colors.text.disabled }),
});
