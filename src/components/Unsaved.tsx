import { Text } from '@grafana/ui';
import { t } from '../i18n';
import type { Config } from './useConfig';

/** Unsaved says, beside what tests the saved settings, that they are not those on the page. */
export function Unsaved({ config }: { config: Config }) {
  if (config.ready && !config.changed) {
    return null;
  }
  return (
    <Text color={config.ready ? 'warning' : 'secondary'} variant="bodySmall">
      {config.ready
        ? t(
            'config.unsaved',
            'What you changed on this page is not saved: the test uses the settings that are. Save & test takes yours.',
          )
        : t('config.save-first', 'First enter the account and the sender above, and press Save & test.')}
    </Text>
  );
}
