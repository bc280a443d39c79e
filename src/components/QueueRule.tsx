import { useEffect, useState } from 'react';
import { locationUtil } from '@grafana/data';
import { Alert, Combobox, Field, TextLink } from '@grafana/ui';
import { purpose } from '../contactPoint';
import { createQueueRule, DURATION, findQueueRule } from '../queueRule';
import { t } from '../i18n';
import { reportSetup } from '../setup';
import { Dialog } from './Dialog';
import { Problem } from './Problem';
import { useTask } from './useTask';

/** useQueueRule finds the alert rule "mail is not going out" of a data source that is set up, and creates it. */
export function useQueueRule(uid: string, name: string, isReady: boolean) {
  const { run: find, ...found } = useTask<{ uid: string } | undefined>();
  const made = useTask<{ uid: string }>();
  useEffect(() => {
    if (isReady) {
      void find(() => findQueueRule(uid));
    }
  }, [find, uid, isReady]);
  const rule = made.result ?? found.result;
  const isKnown = !found.running;
  useEffect(() => {
    if (isKnown) {
      reportSetup(uid, { rule: rule !== undefined });
    }
  }, [uid, rule, isKnown]);

  const create = (receiver: string) =>
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
  return {
    rule,
    isNew: made.result !== undefined,
    running: found.running || made.running,
    error: made.error ?? found.error,
    create,
  };
}

/** QueueRule says whether there is the rule. */
export function QueueRule({ rule, isNew, error }: ReturnType<typeof useQueueRule>) {
  return (
    <>
      {rule && (
        <div>
          {isNew
            ? t('contact-point.rule-created', 'The alert rule was created.')
            : t('contact-point.rule-exists', 'There is a rule that tells when mail is not going out.')}{' '}
          <TextLink href={locationUtil.assureBaseUrl(`/alerting/grafana/${rule.uid}/view`)} inline>
            {t('contact-point.open', 'Open it in Alerting')}
          </TextLink>
        </div>
      )}
      {error && <Problem error={error} />}
    </>
  );
}

interface Props {
  /** The contact points of the organization, and those that mail through this data source. */
  names: string[];
  own: string[];
  onCancel: () => void;
  /** Called with the contact point that tells about it; with an empty name, as the policies say. */
  onCreate: (receiver: string) => void;
}

// No contact point has an empty name.
const BY_POLICY = '';

/** QueueRuleDialog asks who tells when mail is not going out. */
export function QueueRuleDialog({ names, own, onCancel, onCreate }: Props) {
  const [receiver, setReceiver] = useState<string>();
  return (
    <Dialog
      title={t('contact-point.rule-heading', 'Alert rule: mail is not going out')}
      confirm={t('contact-point.confirm', 'Create')}
      disabled={receiver === undefined}
      onCancel={onCancel}
      onConfirm={() => onCreate(receiver!)}
    >
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
    </Dialog>
  );
}
