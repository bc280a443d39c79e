import { useState } from 'react';
import { ConfigSection } from '@grafana/plugin-ui';
import { Alert, Button, Field, Input, RadioButtonGroup, Stack, Text } from '@grafana/ui';
import { SAMPLES, sendTest, type Receipt, type Sample } from '../api';
import { t } from '../i18n';
import { profileNames } from '../profiles';
import { WIDTH } from './ConfigField';
import { sampleName } from './names';
import { Passed } from './Passed';
import { Problem } from './Problem';
import { ProfileField } from './ProfileField';
import { Unsaved } from './Unsaved';
import type { Config } from './useConfig';
import { useTask } from './useTask';

/** SendTestSection mails a sample to an address given on the spot, and shows the relay's reply. */
export function SendTestSection({ config, uid }: { config: Config; uid: string }) {
  const [sample, setSample] = useState<Sample>('firing');
  const [to, setTo] = useState('');
  const [profile, setProfile] = useState<string>();
  const profiles = profileNames(config.jsonData);
  const task = useTask<Receipt>();
  const send = () =>
    void task.run(async () => {
      const receipt = await sendTest(uid, to.trim(), sample, profile);
      config.tested();
      return receipt;
    });

  const title = t('send-test.title', 'Send a test mail');
  if (!config.ready) {
    return (
      <ConfigSection title={title}>
        <Unsaved config={config} />
      </ConfigSection>
    );
  }
  return (
    <ConfigSection title={title}>
      <Stack direction="column" gap={1}>
        <Stack alignItems="flex-end" gap={2} wrap="wrap">
          <Field noMargin label={t('send-test.sample', 'Shows')}>
            <RadioButtonGroup<Sample>
              aria-label={t('send-test.sample', 'Shows')}
              value={sample}
              onChange={setSample}
              options={SAMPLES.map((value) => ({ value, label: sampleName(value) }))}
            />
          </Field>
          <Field noMargin label={t('send-test.to', 'Recipient')}>
            <Input
              id="send-test-to"
              width={WIDTH.long}
              value={to}
              placeholder={t('send-test.to-help', 'Empty: the recipients above')}
              onChange={(event) => setTo(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
                  event.preventDefault(); // which would save the form
                  if (!task.running) {
                    send();
                  }
                }
              }}
            />
          </Field>
          {profiles.length > 0 && (
            <ProfileField id="send-test-profile" profiles={profiles} value={profile} onChange={setProfile} />
          )}
          <Button variant="secondary" icon="envelope" disabled={task.running} onClick={send}>
            {task.running ? t('send-test.running', 'Sending…') : t('send-test.run', 'Send')}
          </Button>
        </Stack>
        <Unsaved config={config} />
        {task.error && <Problem error={task.error} />}
        {task.result && <Outcome receipt={task.result} />}
      </Stack>
    </ConfigSection>
  );
}

/** Outcome is what the relay said. */
function Outcome({ receipt }: { receipt: Receipt }) {
  const { accepted = [], rejected = [], reply } = receipt;
  return (
    <>
      {accepted.length > 0 && (
        <Passed
          text={t('send-test.sent', 'The relay took the mail for {{recipients}}.', { recipients: accepted.join(', ') })}
        >
          <Text color="secondary" variant="bodySmall">
            {reply ?? ''}
          </Text>
        </Passed>
      )}
      {rejected.map(({ address, message }) => (
        <Alert
          key={address}
          bottomSpacing={0}
          title={t('send-test.rejected', 'The relay refused {{address}}.', { address })}
        >
          {message}
        </Alert>
      ))}
    </>
  );
}
