import { useEffect } from 'react';
import { ConfigSection } from '@grafana/plugin-ui';
import { Divider, Stack, TextLink } from '@grafana/ui';
import { wake } from '../api';
import { t } from '../i18n';
import { AdvancedSection } from './AdvancedSection';
import { ConnectionSection } from './ConnectionSection';
import { ContactPointSection } from './ContactPointSection';
import { CredentialsSection } from './CredentialsSection';
import { DiagnoseSection } from './DiagnoseSection';
import { HealthSection } from './HealthSection';
import { MessageSection } from './MessageSection';
import { RecipientsSection } from './RecipientsSection';
import { SenderSection } from './SenderSection';
import { SendTestSection } from './SendTestSection';
import { useConfig, type EditorProps } from './useConfig';

const SECTIONS = [
  ConnectionSection,
  CredentialsSection,
  SenderSection,
  RecipientsSection,
  MessageSection,
  AdvancedSection,
];

const DOCUMENTATION = 'https://github.com/nhncloud/nhncloud-email-datasource/blob/main/docs/README.md';

/** ConfigEditor edits every setting of the data source. */
export default function ConfigEditor(props: EditorProps) {
  const config = useConfig(props);
  const { uid, name, secureJsonFields } = props.options;
  const saved = Boolean(secureJsonFields?.secretKey);
  useEffect(() => {
    if (saved) {
      wake(uid).catch(() => {}); // Save & test says what is wrong
    }
  }, [uid, saved]);
  return (
    <Stack direction="column" gap={1}>
      <p>
        {t(
          'config.intro',
          'Sends alert email over NHN Cloud Email. The AppKey, the SecretKey and a sender address are all it needs; they are in the NHN Cloud console under Notification > Email.',
        )}{' '}
        <TextLink href={DOCUMENTATION} external>
          {t('config.documentation', 'Read the documentation')}
        </TextLink>
      </p>
      <p>
        <i>{t('config.required', 'Fields marked with * are required.')}</i>
      </p>
      {SECTIONS.map((Section, index) => (
        <div key={index}>
          <Divider />
          <Section config={config} uid={uid} />
        </div>
      ))}
      <Divider />
      <ConfigSection title={t('config.try.title', 'Try it')}>
        <Stack direction="column" gap={3}>
          <DiagnoseSection config={config} uid={uid} />
          <SendTestSection uid={uid} />
        </Stack>
      </ConfigSection>
      <Divider />
      <ContactPointSection config={config} uid={uid} name={name} />
      <HealthSection uid={uid} />
    </Stack>
  );
}
