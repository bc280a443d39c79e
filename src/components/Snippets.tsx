import { useState } from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { config as grafana } from '@grafana/runtime';
import { ClipboardButton, Tab, TabsBar, useStyles2 } from '@grafana/ui';
import { nameFor } from '../contactPoint';
import { t } from '../i18n';
import { terraformSnippet, yamlSnippet } from '../snippets';
import { WIDTH } from './ConfigField';
import { ProfileField } from './ProfileField';

/** Snippets is the contact point for those who provision it. */
export function Snippets({ uid, name, profiles }: { uid: string; name: string; profiles: string[] }) {
  const styles = useStyles2(getStyles);
  const [format, setFormat] = useState<'yaml' | 'terraform'>('yaml');
  const [profile, setProfile] = useState<string>();
  const snippet = format === 'yaml' ? yamlSnippet : terraformSnippet;
  const code = snippet(nameFor(name, profile), grafana.appUrl, uid, profile);
  return (
    <div>
      {profiles.length > 0 && (
        <ProfileField id="snippet-profile" profiles={profiles} value={profile} onChange={setProfile} />
      )}
      <TabsBar>
        <Tab label={t('contact-point.yaml', 'YAML')} active={format === 'yaml'} onChangeTab={() => setFormat('yaml')} />
        <Tab
          label={t('contact-point.terraform', 'Terraform')}
          active={format === 'terraform'}
          onChangeTab={() => setFormat('terraform')}
        />
      </TabsBar>
      <pre className={styles.code} style={{ maxWidth: 8 * 2 * WIDTH.long }}>
        {code}
      </pre>
      <ClipboardButton icon="copy" size="sm" variant="secondary" getText={() => code}>
        {t('contact-point.copy', 'Copy')}
      </ClipboardButton>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  code: css({ marginTop: theme.spacing(1), overflow: 'auto' }),
});
