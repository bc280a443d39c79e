import { useEffect, useRef, useState } from 'react';
import { css } from '@emotion/css';
import { locationUtil, type GrafanaTheme2 } from '@grafana/data';
import { ConfigSection } from '@grafana/plugin-ui';
import { config as grafana } from '@grafana/runtime';
import { Alert, Button, Spinner, Stack, Text, TextLink, useStyles2 } from '@grafana/ui';
import { missingPermissions, nameFor, permitted, purpose, seesAll } from '../contactPoint';
import {
  allowCharts,
  createContactPoint,
  removeContactPoint,
  removeLeftovers,
  renewContactPoint,
} from '../contactPointSteps';
import { GRACE, readOverview, type Overview } from '../contactPoints';
import { freeName } from '../freeName';
import { t } from '../i18n';
import { profileNames } from '../profiles';
import { reportSetup } from '../setup';
import { CreateDialog } from './ContactPointDialogs';
import { ContactPointRow } from './ContactPointRow';
import { Steps, type Progress } from './ContactPointSteps';
import { Leftovers } from './Leftovers';
import { Passed } from './Passed';
import { Problem } from './Problem';
import { QueueRule, QueueRuleDialog, useQueueRule } from './QueueRule';
import { Snippets } from './Snippets';
import type { Config } from './useConfig';
import { useTask } from './useTask';

interface Props {
  config: Config;
  uid: string;
  name: string;
}

/** Done is what was done last. */
type Done = { created: string } | { renewed: string } | { deleted: string };

/** ContactPointSection shows the data source in Alerting, and makes it a contact point there. */
export function ContactPointSection({ config, uid, name }: Props) {
  const styles = useStyles2(getStyles);
  const [asking, setAsking] = useState<'contact point' | 'rule'>();
  const [showCode, setShowCode] = useState(false);
  const [progress, setProgress] = useState<Progress>({});
  const [renewed, setRenewed] = useState(0);
  const seen = useTask<Overview>();
  const work = useTask<Done>();
  const queue = useQueueRule(uid, name, config.ready);
  const { run: read } = seen;
  useEffect(() => {
    if (config.ready) {
      void read(() => permitted(readOverview(uid), 'alert.notifications.receivers:read'));
    }
  }, [read, uid, config.ready, config.version, work.result, work.error]);
  // A dialog gives the keyboard back to a button that is not there any more, or rests.
  const outcome = useRef<HTMLDivElement>(null);
  const isDone = !work.running && !queue.running;
  useEffect(() => {
    if (isDone && document.activeElement === document.body) {
      outcome.current?.focus();
    }
  }, [isDone]);
  const overview = seen.result; // what was seen last stays while it is read again
  const hasSome = overview !== undefined && overview.contactPoints.length > 0;
  useEffect(() => {
    if (overview) {
      reportSetup(uid, { contactPoint: hasSome });
    }
  }, [uid, overview, hasSome]);

  const valid = config.ready && !config.changed && Object.keys(config.errors).length === 0;
  const needsToken = config.settings.charts && !config.secret('grafanaToken').isConfigured;
  const permissions = grafana.bootData?.user?.permissions;
  const missing = missingPermissions(permissions);
  const fixed = config.readOnly
    ? t('contact-point.fixed', 'The data source is provisioned, so this page cannot save a secret for it.')
    : missing.length > 0
      ? t('contact-point.missing-list', 'Missing: {{permissions}}. An administrator has them.', {
          permissions: missing.join(', '),
        })
      : undefined;
  const watch = {
    onStep: (step: keyof Progress, state: Progress[keyof Progress]) =>
      setProgress((before) => ({ ...before, [step]: state })),
    onSaved: config.savedElsewhere,
  };
  const perform = (what: () => Promise<Done>) => {
    setProgress({});
    void work.run(what);
  };
  const profiles = profileNames(config.jsonData);

  return (
    <ConfigSection
      title={t('contact-point.title', 'Contact point')}
      description={
        config.ready
          ? undefined
          : t(
              'contact-point.description',
              'Alerting reaches this data source through a webhook contact point. This page can create it, with a token and a signature.',
            )
      }
    >
      <Stack direction="column" gap={2}>
        {seen.running && !overview && <Spinner />}
        {seen.error && <Problem error={seen.error} />}
        {config.ready && !valid && (
          <Text color="secondary" variant="bodySmall">
            {t(
              'contact-point.invalid',
              'A contact point needs settings that are valid and saved: first press Save & test.',
            )}
          </Text>
        )}
        {missing.length > 0 && (
          <Alert
            severity="info"
            bottomSpacing={0}
            title={t('contact-point.missing', "You don't have permission to create a contact point here.")}
          >
            {fixed}{' '}
            {needsToken &&
              t(
                'contact-point.missing-charts',
                'For charts in the mail, ask for a token of a service account with the role Viewer, too: it is entered under Advanced > Charts.',
              )}
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
        {overview?.contactPoints.map((contactPoint) => (
          <ContactPointRow
            key={contactPoint.uid}
            uid={uid}
            contactPoint={contactPoint}
            fixed={fixed}
            busy={work.running}
            onRenew={() =>
              perform(async () => {
                await renewContactPoint(uid, contactPoint, watch);
                setRenewed(Date.now());
                return { renewed: contactPoint.name };
              })
            }
            onDelete={() =>
              perform(async () => {
                await removeContactPoint(uid, contactPoint, watch);
                return { deleted: contactPoint.name };
              })
            }
          />
        ))}
        {overview && !fixed && seesAll(permissions) && !work.running && (
          <Leftovers
            leftovers={overview.leftovers}
            removable={renewed ? Math.max(overview.removable, renewed + GRACE) : overview.removable}
            unasked={renewed > 0}
            remove={async () => {
              await removeLeftovers(uid, overview.leftovers, watch);
              setRenewed(0);
            }}
          />
        )}
        <Stack wrap="wrap">
          <Button
            icon="plus"
            variant={hasSome ? 'secondary' : 'primary'}
            disabled={fixed !== undefined || work.running || !overview || !valid}
            onClick={() => setAsking('contact point')}
          >
            {t('contact-point.create', 'Create a contact point')}
          </Button>
          {!queue.rule && (
            <Button
              icon="heart"
              variant={hasSome ? 'primary' : 'secondary'}
              disabled={queue.running || !config.ready}
              onClick={() => setAsking('rule')}
            >
              {t('contact-point.rule', 'Create the rule "Mail is not going out"')}
            </Button>
          )}
          <Button variant="secondary" fill="outline" aria-expanded={showCode} onClick={() => setShowCode(!showCode)}>
            {t('contact-point.code', 'As YAML or Terraform')}
          </Button>
        </Stack>
        {showCode && <Snippets uid={uid} name={purpose(name)} profiles={profiles} />}
        {asking === 'contact point' && (
          <CreateDialog
            uid={uid}
            suggest={(profile) =>
              freeName(nameFor(purpose(name), profile), ' ', (one) => Boolean(overview?.names.includes(one)))
            }
            profiles={profiles}
            offersCharts={needsToken}
            onCancel={() => setAsking(undefined)}
            onCreate={(request) => {
              setAsking(undefined);
              perform(async () => {
                const { name } = await createContactPoint(request, watch);
                if (request.charts) {
                  await allowCharts(request, watch);
                }
                return { created: name };
              });
            }}
          />
        )}
        <div ref={outcome} tabIndex={-1} className={styles.outcome}>
          {work.error && <Problem error={work.error} />}
          {work.result && !work.running && <Outcome done={work.result} />}
          <Steps progress={progress} />
          <QueueRule {...queue} />
        </div>
        {asking === 'rule' && (
          <QueueRuleDialog
            names={overview?.names ?? []}
            own={overview?.contactPoints.map((one) => one.name) ?? []}
            onCancel={() => setAsking(undefined)}
            onCreate={(receiver) => {
              setAsking(undefined);
              queue.create(receiver);
            }}
          />
        )}
      </Stack>
    </ConfigSection>
  );
}

function Outcome({ done }: { done: Done }) {
  if ('created' in done) {
    return (
      <Passed text={t('contact-point.created', 'The contact point {{name}} was created.', { name: done.created })}>
        <span>
          {t(
            'contact-point.created-help',
            'Route alerts to it with a notification policy, or choose it in an alert rule.',
          )}{' '}
          <TextLink href={locationUtil.assureBaseUrl('/alerting/routes')} inline>
            {t('contact-point.open-policies', 'Open the notification policies')}
          </TextLink>
        </span>
      </Passed>
    );
  }
  return (
    <Passed
      text={
        'renewed' in done
          ? t('contact-point.renewed', 'Token and secret of {{name}} were renewed.', { name: done.renewed })
          : t('contact-point.deleted', 'The contact point {{name}} was deleted.', { name: done.deleted })
      }
    />
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  outcome: css({
    display: 'flex',
    flexDirection: 'column',
    gap: theme.spacing(2),
    '&:empty': { display: 'none' },
  }),
});
