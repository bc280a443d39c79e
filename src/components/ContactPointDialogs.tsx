import { useEffect, useState } from 'react';
import { locationUtil } from '@grafana/data';
import { config as grafana } from '@grafana/runtime';
import { Alert, Button, Field, Input, Modal, Spinner, Stack, TextLink } from '@grafana/ui';
import type { ContactPoint } from '../contactPoint';
import type { Request } from '../contactPointSteps';
import { usesOf, type Use } from '../contactPoints';
import { t } from '../i18n';
import { Problem } from './Problem';
import { ProfileField } from './ProfileField';
import { useTask } from './useTask';

interface CreateProps {
  uid: string;
  /** A name that no contact point has, for one of a profile or of none. */
  suggest: (profile?: string) => string;
  /** The names of the profiles to choose from. */
  profiles: string[];
  onCancel: () => void;
  onCreate: (request: Request) => void;
}

/** CreateDialog says what will be created, and asks under which name. */
export function CreateDialog({ uid, suggest, profiles, onCancel, onCreate }: CreateProps) {
  const [profile, setProfile] = useState<string>();
  const [typed, setName] = useState<string>();
  const name = typed ?? suggest(profile);
  const [grafanaUrl, setGrafanaUrl] = useState(grafana.appUrl);
  return (
    <Modal isOpen title={t('contact-point.ask-title', 'Create a contact point')} onDismiss={onCancel}>
      <Stack direction="column" gap={2}>
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
      </Stack>
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={onCancel}>
          {t('contact-point.cancel', 'Cancel')}
        </Button>
        <Button
          disabled={name.trim() === '' || !URL.canParse(grafanaUrl)}
          onClick={() => onCreate({ uid, name: name.trim(), grafanaUrl: grafanaUrl.trim(), profile })}
        >
          {t('contact-point.confirm', 'Create')}
        </Button>
      </Modal.ButtonRow>
    </Modal>
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
    <Modal isOpen title={t('contact-point.renew-title', 'Renew token and secret')} onDismiss={onCancel}>
      <p>
        {t(
          'contact-point.renew-body',
          '{{name}} gets a new token and a new signing secret. The old ones are accepted beside them for five minutes, until Grafana uses the new ones everywhere: no alert is refused.',
          { name: contactPoint.name },
        )}
      </p>
      <p>
        {byHand
          ? t(
              'contact-point.renew-by-hand',
              'This contact point was made by hand or as code. The old token and the signing secret of the settings stay, for others may use them: remove them yourself, five minutes later.',
            )
          : t('contact-point.renew-removed', 'Then they are removed.')}
      </p>
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={onCancel}>
          {t('contact-point.cancel', 'Cancel')}
        </Button>
        <Button onClick={onConfirm}>{t('contact-point.renew-confirm', 'Renew')}</Button>
      </Modal.ButtonRow>
    </Modal>
  );
}

/** DeleteDialog says what still uses the contact point, which Grafana then does not delete. */
export function DeleteDialog({ contactPoint, byHand, onCancel, onConfirm }: ChangeProps) {
  const { running, result, error, run } = useTask<Use[]>();
  useEffect(() => void run(() => usesOf(contactPoint.name)), [run, contactPoint.name]);
  const isUsed = result !== undefined && result.length > 0;
  return (
    <Modal isOpen title={t('contact-point.delete-title', 'Delete the contact point')} onDismiss={onCancel}>
      <Stack direction="column" gap={2}>
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
      </Stack>
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={onCancel}>
          {t('contact-point.cancel', 'Cancel')}
        </Button>
        <Button variant="destructive" disabled={running || isUsed} onClick={onConfirm}>
          {t('contact-point.delete-confirm', 'Delete')}
        </Button>
      </Modal.ButtonRow>
    </Modal>
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
