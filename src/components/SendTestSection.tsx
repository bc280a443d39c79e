import { useState } from 'react';
import { ConfigSubSection } from '@grafana/plugin-ui';
import { Alert, Button, Field, Input, Stack } from '@grafana/ui';
import { sendTest, type Receipt } from '../api';
import { t } from '../i18n';
import { WIDTH } from './ConfigField';
import { EXAMPLE } from './examples';
import { Problem } from './Problem';
import { useTask } from './useTask';

/** SendTestSection mails a sample to an address given on the spot, and shows the relay's reply. */
export function SendTestSection({ uid }: { uid: string }) {
  const [to, setTo] = useState('');
  const task = useTask<Receipt>();
  const send = () => void task.run(() => sendTest(uid, to.trim()));

  return (
    <ConfigSubSection
      title={t('send-test.title', 'Send a test mail')}
      description={t('send-test.description', 'A sample alert, sent at once with the saved settings.')}
    >
      <Stack direction="column" gap={2}>
        <Stack alignItems="flex-end">
          <Field
            noMargin
            label={t('send-test.to', 'Recipient')}
            description={t('send-test.to-help', 'Empty: the recipients above.')}
          >
            <Input
              id="send-test-to"
              width={WIDTH.long}
              value={to}
              placeholder={EXAMPLE.replyTo}
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
          <Button variant="secondary" icon="envelope" disabled={task.running} onClick={send}>
            {task.running ? t('send-test.running', 'Sending…') : t('send-test.run', 'Send')}
          </Button>
        </Stack>
        {task.error && <Problem error={task.error} />}
        {task.result && <Outcome receipt={task.result} />}
      </Stack>
    </ConfigSubSection>
  );
}

function Outcome({ receipt: { accepted = [], rejected = [], reply } }: { receipt: Receipt }) {
  return (
    <>
      {accepted.length > 0 && (
        <Alert
          severity="success"
          bottomSpacing={0}
          title={t('send-test.sent', 'The relay took the mail for {{recipients}}.', {
            recipients: accepted.join(', '),
          })}
        >
          {reply}
        </Alert>
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
