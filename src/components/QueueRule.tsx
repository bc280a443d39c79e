import { useEffect, useState } from 'react';
import { locationUtil } from '@grafana/data';
import { Alert, Button, Combobox, Field, Stack, Text, TextLink } from '@grafana/ui';
import { purpose } from '../contactPoint';
import { createQueueRule, DURATION, findQueueRule } from '../queueRule';
import { t } from '../i18n';
import { reportSetup } from '../setup';
import { WIDTH } from './ConfigField';
import { Problem } from './Problem';
import { useTask } from './useTask';

interface Props {
  uid: string;
  name: string;
  /** The contact points of the organization, and those that mail through this data source. */
  names: string[];
  own: string[];
  /** Whether it is time for the rule: without a contact point there is no mail to wait. */
  offered: boolean;
}

// No contact point has an empty name.
const BY_POLICY = '';

/** QueueRule offers the alert rule "mail is not going out", or says that it is there. */
export function QueueRule({ uid, name, names, own, offered }: Props) {
  const found = useTask<{ uid: string } | undefined>();
  const made = useTask<{ uid: string }>();
  const [receiver, setReceiver] = useState<string>();
  const { run } = found;
  useEffect(() => void run(() => findQueueRule(uid)), [run, uid]);
  const rule = made.result ?? found.result;
  useEffect(() => reportSetup(uid, { rule: rule !== undefined }), [uid, rule]);

  const create = () =>
    void made.run(() =>
      createQueueRule(uid, {
        title: t('contact-point.rule-title', 'Mail is not going out ({{name}})', { name: purpose(name) }),
        group: purpose(name),
        receiver: receiver || undefined,
        annotations: {
          summary: t('contact-point.rule-summary', 'Alert mail has waited for {{duration}}', { duration: DURATION }),
          description: t(
            'contact-point.rule-description',
            "See the data source's Save & test, and its delivery log for what the relay said.",
          ),
        },
      }),
    );

  if (!rule && !offered) {
    return null;
  }
  return (
    <Stack direction="column" gap={1}>
      <Text element="h4" variant="h5">
        {t('contact-point.rule-heading', 'Alert rule: mail is not going out')}
      </Text>
      {rule ? (
        <div>
          {made.result
            ? t('contact-point.rule-created', 'The alert rule was created.')
            : t('contact-point.rule-exists', 'There is a rule that tells when mail is not going out.')}{' '}
          <TextLink href={locationUtil.assureBaseUrl(`/alerting/grafana/${rule.uid}/view`)} inline>
            {t('contact-point.open', 'Open it in Alerting')}
          </TextLink>
        </div>
      ) : (
        <>
          <div>
            {t(
              'contact-point.rule-help',
              'An alert rule can watch the queue and tell you when mail is not going out. It also wakes the data source after a restart of Grafana.',
            )}
          </div>
          <Field
            noMargin
            htmlFor="queue-rule-receiver"
            label={t('contact-point.rule-receiver', 'Contact point that tells about it')}
            description={t('contact-point.rule-receiver-help', 'One that does not mail through this data source.')}
          >
            <Combobox
              id="queue-rule-receiver"
              width={WIDTH.long}
              placeholder={t('contact-point.rule-choose', 'Choose a contact point')}
              options={[
                ...names.map((value) => ({ value, label: value })),
                {
                  value: BY_POLICY,
                  label: t('contact-point.rule-by-policy', 'As the notification policies say'),
                },
              ]}
              value={receiver ?? null}
              onChange={({ value }) => setReceiver(value)}
            />
          </Field>
          {receiver !== undefined && (receiver === BY_POLICY || own.includes(receiver)) && (
            <Alert
              severity="warning"
              bottomSpacing={0}
              title={
                receiver === BY_POLICY
                  ? t(
                      'contact-point.rule-policy',
                      'If the policies send it through this data source, nobody is told: it is the mail that does not go out.',
                    )
                  : t(
                      'contact-point.rule-own',
                      'This contact point mails through this data source: when mail does not go out, nobody is told.',
                    )
              }
            />
          )}
          <div>
            <Button
              variant="secondary"
              icon="heart"
              disabled={found.running || made.running || receiver === undefined}
              onClick={create}
            >
              {t('contact-point.rule', 'Create the alert rule')}
            </Button>
          </div>
        </>
      )}
      {found.error && <Problem error={found.error} />}
      {made.error && <Problem error={made.error} />}
    </Stack>
  );
}
