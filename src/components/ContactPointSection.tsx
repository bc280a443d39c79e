import { useState } from 'react';
import { css } from '@emotion/css';
import { locationUtil, type GrafanaTheme2 } from '@grafana/data';
import { ConfigSection } from '@grafana/plugin-ui';
import { config as grafana } from '@grafana/runtime';
import {
  Alert,
  Button,
  ClipboardButton,
  Field,
  Icon,
  Input,
  Modal,
  Spinner,
  Stack,
  Tab,
  TabsBar,
  TextLink,
  useStyles2,
} from '@grafana/ui';
import { deliveries } from '../api';
import {
  createContactPoint,
  createQueueRule,
  DURATION,
  missingPermissions,
  STEPS,
  type Created,
  type Request,
  type Step,
  type StepState,
} from '../contactPoint';
import { testContactPoint } from '../contactPointTest';
import { t } from '../i18n';
import { reportSetup } from '../setup';
import { terraformSnippet, yamlSnippet } from '../snippets';
import { WIDTH } from './ConfigField';
import { Problem } from './Problem';
import type { Config } from './useConfig';
import { useTask } from './useTask';

interface Props {
  config: Config;
  uid: string;
  name: string;
}

type Progress = Partial<Record<Step, StepState>>;

/** ContactPointSection makes the data source a contact point of Alerting. */
export function ContactPointSection({ config, uid, name }: Props) {
  const [asking, setAsking] = useState(false);
  const [showCode, setShowCode] = useState(false);
  const [progress, setProgress] = useState<Progress>({});
  const creation = useTask<Created>();
  const missing = missingPermissions(grafana.bootData?.user?.permissions);

  const create = (request: Request) => {
    setAsking(false);
    setProgress({});
    void creation.run(async () => {
      const created = await createContactPoint(request, (step, state) =>
        setProgress((before) => ({ ...before, [step]: state })),
      );
      config.savedElsewhere(created.version, 'webhookSecret');
      reportSetup(uid, { contactPoint: true });
      return created;
    });
  };

  return (
    <ConfigSection
      title={t('contact-point.title', 'Contact point')}
      description={t(
        'contact-point.description',
        'Alerting reaches this data source through a webhook contact point. This page can create it, with a token and a signature.',
      )}
    >
      <Stack direction="column" gap={2}>
        {missing.length > 0 && (
          <Alert
            severity="info"
            bottomSpacing={0}
            title={t('contact-point.missing', "You don't have permission to create a contact point here.")}
          >
            {t('contact-point.missing-list', 'Missing: {{permissions}}. An administrator has them.', {
              permissions: missing.join(', '),
            })}
          </Alert>
        )}
        {config.readOnly && (
          <Alert
            severity="info"
            bottomSpacing={0}
            title={t(
              'contact-point.read-only',
              'This data source is provisioned, so the signing secret cannot be saved from here. Provision the contact point as well.',
            )}
          />
        )}
        <Stack>
          <Button
            icon="plus"
            disabled={config.readOnly || missing.length > 0 || creation.running}
            onClick={() => setAsking(true)}
          >
            {t('contact-point.create', 'Create a contact point')}
          </Button>
          <Button variant="secondary" fill="outline" aria-expanded={showCode} onClick={() => setShowCode(!showCode)}>
            {t('contact-point.code', 'As YAML or Terraform')}
          </Button>
        </Stack>
        {showCode && <Snippets uid={uid} name={name} />}
        {asking && (
          <AskModal
            uid={uid}
            name={name}
            replacesSecret={config.secret('webhookSecret').isConfigured}
            onCancel={() => setAsking(false)}
            onCreate={create}
          />
        )}
        <Steps progress={progress} />
        {creation.error && <Problem error={creation.error} />}
        {creation.result && <Next created={creation.result} uid={uid} name={name} />}
      </Stack>
    </ConfigSection>
  );
}

interface AskProps {
  uid: string;
  name: string;
  replacesSecret: boolean;
  onCancel: () => void;
  onCreate: (request: Request) => void;
}

/** AskModal says what will be created, and asks under which name. */
function AskModal({ uid, name, replacesSecret, onCancel, onCreate }: AskProps) {
  const [contactPoint, setContactPoint] = useState(name);
  const [grafanaUrl, setGrafanaUrl] = useState(grafana.appUrl);
  return (
    <Modal isOpen title={t('contact-point.ask-title', 'Create a contact point')} onDismiss={onCancel}>
      <Stack direction="column" gap={2}>
        <div>
          {t('contact-point.ask', 'These are created in this organization:')}
          <ul style={{ marginInlineStart: 24 }}>
            <li>{t('contact-point.ask-account', 'a service account with the role Viewer, and a token for it')}</li>
            <li>{t('contact-point.ask-point', 'a webhook contact point that signs what it sends')}</li>
            <li>{t('contact-point.ask-secret', 'a random signing secret, saved with this data source')}</li>
          </ul>
        </div>
        {replacesSecret && (
          <Alert
            severity="warning"
            bottomSpacing={0}
            title={t(
              'contact-point.replaces',
              'The data source has a signing secret already. It is replaced: contact points that use the old one will be refused.',
            )}
          />
        )}
        <Field noMargin label={t('contact-point.name', 'Name')}>
          <Input
            id="contact-point-name"
            value={contactPoint}
            onChange={(e) => setContactPoint(e.currentTarget.value)}
          />
        </Field>
        <Field
          noMargin
          label={t('contact-point.url', 'Address of Grafana')}
          description={t('contact-point.url-help', 'As the Grafana server itself reaches it.')}
        >
          <Input id="contact-point-url" value={grafanaUrl} onChange={(e) => setGrafanaUrl(e.currentTarget.value)} />
        </Field>
      </Stack>
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={onCancel}>
          {t('contact-point.cancel', 'Cancel')}
        </Button>
        <Button
          disabled={contactPoint.trim() === '' || !URL.canParse(grafanaUrl)}
          onClick={() => onCreate({ uid, name: contactPoint.trim(), grafanaUrl: grafanaUrl.trim() })}
        >
          {t('contact-point.confirm', 'Create')}
        </Button>
      </Modal.ButtonRow>
    </Modal>
  );
}

function Steps({ progress }: { progress: Progress }) {
  const names: Record<Step, string> = {
    serviceAccount: t('contact-point.step-account', 'Service account'),
    token: t('contact-point.step-token', 'Token'),
    contactPoint: t('contact-point.step-point', 'Contact point'),
    secret: t('contact-point.step-secret', 'Signing secret saved with the data source'),
  };
  const states: Record<StepState, string> = {
    running: t('contact-point.running', 'under way'),
    done: t('contact-point.done', 'done'),
    failed: t('contact-point.failed', 'failed'),
    undone: t('contact-point.undone', 'removed again'),
    left: t('contact-point.left', 'could not be removed again: please remove it yourself'),
  };
  if (Object.keys(progress).length === 0) {
    return null;
  }
  return (
    <ul aria-live="polite" style={{ listStyle: 'none' }}>
      {STEPS.map((step) => {
        const state = progress[step];
        return (
          state && (
            <li key={step}>
              {state === 'running' ? <Spinner inline /> : <Icon name={state === 'done' ? 'check' : 'times'} />}{' '}
              {names[step]}: {states[state]}
            </li>
          )
        );
      })}
    </ul>
  );
}

/** Next offers what makes sense once there is a contact point. */
function Next({ created, uid, name }: { created: Created; uid: string; name: string }) {
  const test = useTask<{ queued: boolean }>();
  const rule = useTask<{ uid: string }>();
  const [tested, setTested] = useState<Created>();

  const runTest = () => {
    setTested(undefined);
    void test.run(async () => {
      await testContactPoint(created);
      // Grafana says the same whether the relay took the mail or it is queued.
      const [newest] = await deliveries(uid, 1).catch(() => []);
      setTested(created);
      return { queued: ['queued', 'sending'].includes(newest?.status) };
    });
  };
  const createRule = () =>
    void rule.run(async () => {
      const created = await createQueueRule(uid, name, {
        title: t('contact-point.rule-title', 'Mail is not going out'),
        annotations: {
          summary: t('contact-point.rule-summary', 'Alert mail has waited for {{duration}}', { duration: DURATION }),
          description: t(
            'contact-point.rule-description',
            "See the data source's Save & test, and its delivery log for what the relay said.",
          ),
        },
      });
      reportSetup(uid, { rule: true });
      return created;
    });

  return (
    <Stack direction="column" gap={2}>
      <Alert
        severity="success"
        bottomSpacing={0}
        title={t('contact-point.created', 'The contact point {{name}} was created.', { name: created.name })}
      >
        {t(
          'contact-point.created-help',
          'Route alerts to it with a notification policy, or choose it in an alert rule.',
        )}{' '}
        <TextLink
          href={locationUtil.assureBaseUrl(`/alerting/notifications?search=${encodeURIComponent(created.name)}`)}
        >
          {t('contact-point.open', 'Open it in Alerting')}
        </TextLink>
      </Alert>
      <div>
        <Button variant="secondary" icon="bell" disabled={test.running} onClick={runTest}>
          {t('contact-point.test', 'Send a test notification')}
        </Button>
      </div>
      {test.error && <Problem error={test.error} />}
      {tested === created && (
        <Alert
          severity={test.result?.queued ? 'warning' : 'success'}
          bottomSpacing={0}
          title={
            test.result?.queued
              ? t(
                  'contact-point.queued',
                  'The test notification is queued: the relay has not taken its mail yet. The delivery log says why.',
                )
              : t('contact-point.tested', 'The test notification was mailed.')
          }
        />
      )}
      <div>
        {t(
          'contact-point.rule-help',
          'An alert rule can watch the queue and tell you when mail is not going out. It also wakes the data source after a restart of Grafana. Route it to another contact point than this one.',
        )}
      </div>
      <div>
        <Button
          variant="secondary"
          icon="heart"
          disabled={rule.running || rule.result !== undefined}
          onClick={createRule}
        >
          {t('contact-point.rule', 'Create the alert rule')}
        </Button>
      </div>
      {rule.error && <Problem error={rule.error} />}
      {rule.result && (
        <Alert
          severity="success"
          bottomSpacing={0}
          title={t('contact-point.rule-created', 'The alert rule was created.')}
        >
          <TextLink href={locationUtil.assureBaseUrl(`/alerting/grafana/${rule.result.uid}/view`)}>
            {t('contact-point.open', 'Open it in Alerting')}
          </TextLink>
        </Alert>
      )}
    </Stack>
  );
}

/** Snippets is the contact point for those who provision it. */
function Snippets({ uid, name }: { uid: string; name: string }) {
  const styles = useStyles2(getStyles);
  const [format, setFormat] = useState<'yaml' | 'terraform'>('yaml');
  const code = (format === 'yaml' ? yamlSnippet : terraformSnippet)(name, grafana.appUrl, uid);
  return (
    <div>
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
