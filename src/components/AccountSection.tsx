import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { ConfigSection } from '@grafana/plugin-ui';
import { SecretInput, Stack, Text, useStyles2 } from '@grafana/ui';
import type { DomainReport, HealthDetails } from '../api';
import { useHealth } from '../health';
import { t } from '../i18n';
import { AddressList } from './AddressList';
import { ConfigField, TextField, WIDTH } from './ConfigField';
import { EXAMPLE } from './examples';
import { RestrictedNotice } from './RestrictedNotice';
import type { Config } from './useConfig';

interface Props {
  config: Config;
  uid: string;
  known?: DomainReport;
}

/** AccountSection holds all that a new data source needs: what the service knows the sender by, and the addresses. */
export function AccountSection({ config, uid, known }: Props) {
  const styles = useStyles2(getStyles);
  const secretKey = config.secret('secretKey');
  const { to, cc, bcc } = config.settings;
  const everyone = [to, cc, bcc].flat();
  // The result of the test, below, says it as well.
  const { warnings = [] } = (useHealth(uid)?.details ?? {}) as HealthDetails;
  const isSaid = (id: string) => warnings.some(({ hintId }) => hintId === id);
  return (
    <ConfigSection title={t('config.account.title', 'Account and addresses')}>
      <div className={styles.grid}>
        <TextField config={config} name="appKey" label={t('config.app-key.label', 'AppKey')} required />
        <ConfigField config={config} name="secretKey" label={t('config.secret-key.label', 'SecretKey')} required>
          <SecretInput
            id="secretKey"
            width={WIDTH.long}
            autoComplete="new-password"
            isConfigured={secretKey.isConfigured}
            value={secretKey.value}
            onChange={(event) => secretKey.set(event.currentTarget.value)}
            onReset={secretKey.reset}
          />
        </ConfigField>
        <TextField
          config={config}
          name="fromAddress"
          label={t('config.from-address.label', 'From address')}
          tooltip={t(
            'config.from-address.description',
            'Verify its domain in the NHN Cloud console: some servers refuse mail from an unverified one.',
          )}
          placeholder={EXAMPLE.from}
          required
        />
        <Stack direction="column" gap={1}>
          <ConfigField
            config={config}
            name="to"
            label={t('config.to.label', 'To')}
            tooltip={t(
              'config.recipients.description',
              'The recipients of every alert that names none itself. Write user@example.com or Name <user@example.com>, or paste a list.',
            )}
          >
            <AddressList
              id="to"
              value={to}
              wrong={config.wrong('to')}
              placeholder={t('config.to.placeholder', 'ops@example.com, then Enter')}
              onChange={(value) => config.set({ to: value })}
            />
          </ConfigField>
          {everyone.length === 0 && !isSaid('no-default-recipient') && (
            <Text color={config.ready ? 'warning' : 'secondary'} variant="bodySmall">
              {t(
                'config.recipients.none',
                'No recipient is set: an alert is refused unless its contact point names one with ?to=.',
              )}
            </Text>
          )}
          {!isSaid('domain-restricted') && (
            <RestrictedNotice to={everyone} from={config.settings.fromAddress ?? ''} known={known} />
          )}
        </Stack>
      </div>
    </ConfigSection>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  grid: css({
    display: 'grid',
    gridTemplateColumns: `repeat(auto-fit, minmax(min(100%, ${theme.spacing(WIDTH.long)}), 1fr))`,
    gap: theme.spacing(2),
    alignItems: 'start',
  }),
});
