import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Stack, TextLink, useStyles2 } from '@grafana/ui';
import { useKnownDomain } from '../domain';
import { t } from '../i18n';
import { documentation } from '../links';
import { AccountSection } from './AccountSection';
import { AdvancedSection } from './AdvancedSection';
import { Checklist } from './Checklist';
import { WIDTH } from './ConfigField';
import { ConnectionSection } from './ConnectionSection';
import { ContactPointSection } from './ContactPointSection';
import { HealthSection } from './HealthSection';
import { MessageSection } from './MessageSection';
import { ProfilesSection } from './ProfilesSection';
import { RecipientsSection } from './RecipientsSection';
import { SendTestSection } from './SendTestSection';
import { useConfig, type EditorProps } from './useConfig';

/**
 * ConfigEditor edits every setting of the data source: first what each needs, in the order
 * in which it is set up, then folded what few change.
 */
export default function ConfigEditor(props: EditorProps) {
  const styles = useStyles2(getStyles);
  const config = useConfig(props);
  const { uid, name, secureJsonFields } = props.options;
  const known = useKnownDomain(uid, Boolean(secureJsonFields?.secretKey));
  return (
    <Stack direction="column" gap={2}>
      <Stack direction="column" gap={1}>
        <Stack justifyContent="space-between" columnGap={3} rowGap={1} wrap="wrap">
          <Checklist config={config} uid={uid} />
          <TextLink href={documentation('README.md')} external>
            {t('config.documentation', 'Documentation')}
          </TextLink>
        </Stack>
        {!config.ready && (
          <div>
            {t('config.intro', 'The keys are in the NHN Cloud console under Notification > Email.')}{' '}
            <i>{t('config.required', 'Fields marked with * are required.')}</i>
          </div>
        )}
      </Stack>
      <AccountSection config={config} uid={uid} known={known} />
      <HealthSection config={config} uid={uid} />
      <SendTestSection config={config} uid={uid} />
      <ContactPointSection config={config} uid={uid} name={name} />
      <div className={styles.folds}>
        <ConnectionSection config={config} uid={uid} />
        <RecipientsSection config={config} />
        <MessageSection config={config} uid={uid} />
        <ProfilesSection config={config} uid={uid} />
        <AdvancedSection config={config} />
      </div>
    </Stack>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  folds: css({
    borderTop: `1px solid ${theme.colors.border.weak}`,
    paddingTop: theme.spacing(1),
    display: 'grid',
    gridTemplateColumns: `repeat(auto-fit, minmax(min(100%, ${theme.spacing(WIDTH.long)}), 1fr))`,
    columnGap: theme.spacing(2),
  }),
});
