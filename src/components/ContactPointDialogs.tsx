import { useEffect, useState } from 'react';
import { locationUtil } from '@grafana/data';
import { config as grafana } from '@grafana/runtime';
import { Alert, Checkbox, Field, Input, Spinner, TextLink } from '@grafana/ui';
import type { ContactPoint } from '../contactPoint';
import type { Request } from '../contactPointSteps';
import { usesOf, type Use } from '../contactPoints';
import { t } from '../i18n';
import { Dialog } from './Dialog';
import { Problem } from './Problem';
import { ProfileField } from './ProfileField';
import { useTask } from './useTask';

interface CreateProps {
  uid: string;
  /** A name that no contact point has, for one of a profile or of none. */
  suggest: (profile?: string) => string;
  /** The names of the profiles to choose from. */
  profiles: string[];
  /** Whether charts need a token that this can make. */
  offersCharts: boolean;
  onCancel: () => void;
  onCreate: (request: Request) => void;
}

/** CreateDialog says what will be created, and asks under which name. */
export function CreateDialog({ uid, suggest, profiles, offersCharts, onCancel, onCreate }: CreateProps) {
  const [profile, setProfile] = useState<string>();
  const [typed, setName] = useState<string>();
  const name = typed ?? suggest(profile);
  const [grafanaUrl, setGrafanaUrl] = useState(grafana.appUrl);
  const [charts, setCharts] = useState(false);
  return (
    <Dialog
      title={t('contact-point.ask-title', 'Create a contact point')}
      confirm={t('contact-point.confirm', 'Create')}
      disabled={name.trim() === '' || !URL.canParse(grafanaUrl)}
      onCancel={onCancel}
      onConfirm={() => onCreate({ uid, name: name.trim(), grafanaUrl: grafanaUrl.trim(), profile, charts })}
    >
      <div>
        {t('contact-point.ask', 'These are created in this organization:')}
        <ul style={{ marginInlineStart: 24 }}>
          <li>{t('contact-point.ask-account', 'a service account with the role Viewer, and a token for it')}</li>
          <li>{t('contact-point.ask-secret', 'a random signing secret, saved with this data source')}</li>
          <li>{t('contact-point.ask-point', 'a webhook contact point that signs what it sends')}</li>
        </ul>
      </div>
      {profiles.length > 0 && (
        <ProfileField id="contact-point-profile" profiles={profiles} value={profile} onChange={setProfile} />
      )}
      <Field noMargin label={t('contact-point.name', 'Name')}>
        <Input id="contact-point-name" value={name} onChange={(e) => setName(e.currentTarget.value)} />
      </Field>
      <Field
        noMargin
        label={t('contact-point.url', 'Address of Grafana')}
        description={t('contact-point.url-help', 'As the Grafana server itself reaches it.')}
      >
        <Input id="contact-point-url" value={grafanaUrl} onChange={(e) => setGrafanaUrl(e.currentTarget.value)} />
      </Field>
      {offersCharts && (
        <Checkbox
          id="contact-point-charts"
          value={charts}
          onChange={(e) => setCharts(e.currentTarget.checked)}
          label={t('contact-point.charts', 'Show charts in the mail')}
          description={t(
            'contact-point.charts-help',
            'Saves a second token of the service account with this data source. With it the plugin reads alert rules, folders and data sources, and sends waiting mail by itself after a restart. Recipients then see data of the rule, outside Grafana too.',
          )}
        />
      )}
    </Dialog>
  );
}

interface ChangeProps {
  contactPoint: ContactPoint;
  /** Its token and secret were made by hand. */
  byHand: boolean;
  onCancel: () => void;
  onConfirm: () => void;
}

/** RenewDialog says what becomes of the old token and secret. */
export function RenewDialog({ contactPoint, byHand, onCancel, onConfirm }: ChangeProps) {
  return (
    <Dialog
      title={t('contact-point.renew-title', 'Renew token and secret')}
      confirm={t('contact-point.renew-confirm', 'Renew')}
      onCancel={onCancel}
      onConfirm={onConfirm}
    >
      <div>
        {t(
          'contact-point.renew-body',
          '{{name}} gets a new token and a new signing secret. The old ones are accepted beside them for five minutes, until Grafana uses the new ones everywhere: no alert is refused.',
          { name: contactPoint.name },
        )}
      </div>
      <div>
        {byHand
          ? t(
              'contact-point.renew-by-hand',
              'This contact point was made by hand or as code. The old token and the signing secret of the settings stay, for others may use them: remove them yourself, five minutes later.',
            )
          : t('contact-point.renew-removed', 'Then they are removed.')}
      </div>
    </Dialog>
  );
}

/** DeleteDialog says what still uses the contact point, which Grafana then does not delete. */
export function DeleteDialog({ contactPoint, byHand, onCancel, onConfirm }: ChangeProps) {
  const { running, result, error, run } = useTask<Use[]>();
  useEffect(() => void run(() => usesOf(contactPoint.name)), [run, contactPoint.name]);
  const isUsed = result !== undefined && result.length > 0;
  return (
    <Dialog
      title={t('contact-point.delete-title', 'Delete the contact point')}
      confirm={t('contact-point.delete-confirm', 'Delete')}
      destructive
      disabled={isUsed || (!result && !error)}
      onCancel={onCancel}
      onConfirm={onConfirm}
    >
      <div>
        {byHand
          ? t('contact-point.delete-by-hand', '{{name}} is deleted. Its token and its signing secret stay.', {
              name: contactPoint.name,
            })
          : t('contact-point.delete-body', '{{name}} is deleted, with its token and its signing secret.', {
              name: contactPoint.name,
            })}
      </div>
      {running && <Spinner />}
      {error && <Problem error={error} />}
      {result?.length === 0 && (
        <div>{t('contact-point.unused', 'No notification policy and no alert rule sends to it.')}</div>
      )}
      {isUsed && (
        <Alert
          severity="warning"
          bottomSpacing={0}
          title={t('contact-point.used', 'Alerts are still sent to it. Route them to another contact point first:')}
        >
          <ul style={{ marginInlineStart: 24 }}>
            {result.map((use, index) => (
              <li key={index}>
                <UseLink use={use} />
              </li>
            ))}
          </ul>
        </Alert>
      )}
    </Dialog>
  );
}

function UseLink({ use }: { use: Use }) {
  if ('rule' in use) {
    return (
      <TextLink href={locationUtil.assureBaseUrl(`/alerting/grafana/${use.uid}/view`)} inline>
        {t('contact-point.use-rule', 'Alert rule {{title}}', { title: use.rule })}
      </TextLink>
    );
  }
  return (
    <TextLink href={locationUtil.assureBaseUrl('/alerting/routes')} inline>
      {use.policy
        ? t('contact-point.use-policy', 'Notification policy for {{matchers}}', { matchers: use.policy })
        : t('contact-point.use-default', 'Default notification policy')}
    </TextLink>
  );
}
