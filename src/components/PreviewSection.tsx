import { useState } from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { ConfigSubSection } from '@grafana/plugin-ui';
import { Alert, Button, Field, RadioButtonGroup, Stack, TextArea, useStyles2 } from '@grafana/ui';
import { SAMPLES, type Sample } from '../api';
import { t } from '../i18n';
import type { EmailJsonData, Language } from '../types';
import { LANGUAGES } from './examples';
import { MailFrame, type Scheme, type Width } from './MailFrame';
import { sampleName } from './names';
import { Problem } from './Problem';
import type { Config } from './useConfig';
import { usePreview, type TemplateMistake } from './usePreview';

interface Props {
  config: Config;
  uid: string;
  /** Called with what is wrong with a template, and with nothing once that is right. */
  onMistake: (mistake?: TemplateMistake) => void;
  /** Whose mail it is, where config is that of a profile. */
  profile?: { name: string; jsonData: EmailJsonData };
}

/** PreviewSection shows the mail of an alert as settings and templates change. */
export function PreviewSection(props: Props) {
  const [open, setOpen] = useState(false);
  return (
    <ConfigSubSection
      title={t('preview.title', 'Preview')}
      description={t(
        'preview.description',
        'The mail of a sample or of a payload, with the settings on this page. Nothing is sent.',
      )}
    >
      <Stack direction="column" gap={2}>
        <div>
          <Button variant="secondary" icon="eye" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? t('preview.hide', 'Hide the preview') : t('preview.show', 'Show the preview')}
          </Button>
        </div>
        {open && <LivePreview {...props} />}
      </Stack>
    </ConfigSubSection>
  );
}

function LivePreview({ config, uid, onMistake, profile }: Props) {
  const styles = useStyles2(getStyles);
  const [chosen, setChosen] = useState<Language>();
  const [shows, setShows] = useState<Sample | 'payload'>('firing');
  const [payload, setPayload] = useState('');
  const [scheme, setScheme] = useState<Scheme>('light');
  const [width, setWidth] = useState<Width>('desktop');
  const language = chosen ?? config.settings.language;
  const { mail, error, mistake, invalid, running } = usePreview(
    uid,
    profile?.jsonData ?? config.jsonData,
    language,
    shows === 'payload' ? { payload } : { sample: shows },
    onMistake,
    profile?.name,
  );

  return (
    <Stack direction="column" gap={1}>
      <Stack gap={2} wrap="wrap">
        <RadioButtonGroup<Sample | 'payload'>
          aria-label={t('preview.shows', 'What the preview shows')}
          size="sm"
          value={shows}
          onChange={setShows}
          options={[
            ...SAMPLES.map((value) => ({ value, label: sampleName(value) })),
            { value: 'payload', label: t('preview.payload', 'A payload') },
          ]}
        />
        <RadioButtonGroup<Language>
          aria-label={t('preview.language', 'Language of the preview')}
          size="sm"
          value={language}
          onChange={setChosen}
          options={LANGUAGES}
        />
        <RadioButtonGroup<Scheme>
          aria-label={t('preview.scheme', 'Colors of the preview')}
          size="sm"
          value={scheme}
          onChange={setScheme}
          options={[
            { value: 'light', label: t('preview.light', 'Light') },
            { value: 'dark', label: t('preview.dark', 'Dark') },
          ]}
        />
        <RadioButtonGroup<Width>
          aria-label={t('preview.width', 'Width of the preview')}
          size="sm"
          value={width}
          onChange={setWidth}
          options={[
            { value: 'desktop', label: t('preview.desktop', 'Computer') },
            { value: 'phone', label: t('preview.phone', 'Phone') },
          ]}
        />
      </Stack>
      {shows === 'payload' && (
        <Field
          noMargin
          label={t('preview.payload-label', 'Payload of a notification')}
          description={t('preview.payload-help', 'The JSON that Grafana or Alertmanager posts.')}
          invalid={invalid !== ''}
          error={invalid}
        >
          <TextArea
            id={`${config.prefix ?? ''}preview-payload`}
            className={styles.payload}
            rows={6}
            spellCheck={false}
            value={payload}
            onChange={(event) => setPayload(event.currentTarget.value)}
          />
        </Field>
      )}
      {error && !mistake && <Problem error={error} />}
      {mistake && (
        <Alert
          severity="warning"
          bottomSpacing={0}
          title={
            mail
              ? t('preview.mistake', 'A template has a mistake: see its field. This is the last mail without it.')
              : t('preview.mistake-first', 'A template has a mistake: see its field.')
          }
        />
      )}
      {mail && (
        <div aria-busy={running}>
          <MailFrame mail={mail} scheme={scheme} width={width} />
        </div>
      )}
    </Stack>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  payload: css({ fontFamily: theme.typography.fontFamilyMonospace }),
});
