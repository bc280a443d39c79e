import { useEffect, useState } from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { ConfigSubSection } from '@grafana/plugin-ui';
import { Alert, Button, RadioButtonGroup, Stack, Tab, TabsBar, useStyles2 } from '@grafana/ui';
import { preview, type Preview } from '../api';
import { t } from '../i18n';
import type { EmailJsonData, Language } from '../types';
import { LANGUAGES } from './examples';
import { Problem } from './Problem';
import type { Config } from './useConfig';
import { useTask } from './useTask';

// A mail is rendered anew when typing has paused for this long.
const PAUSE_MS = 400;

type Part = 'html' | 'text';
type Scheme = 'light' | 'dark';

/** PreviewSection shows the mail of a sample alert as settings and templates change. */
export function PreviewSection({ config, uid }: { config: Config; uid: string }) {
  const [open, setOpen] = useState(false);
  return (
    <ConfigSubSection
      title={t('preview.title', 'Preview')}
      description={t(
        'preview.description',
        'The mail of a sample alert, with the settings on this page. Nothing is sent.',
      )}
    >
      <Stack direction="column" gap={2}>
        <div>
          <Button variant="secondary" icon="eye" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? t('preview.hide', 'Hide the preview') : t('preview.show', 'Show the preview')}
          </Button>
        </div>
        {open && <LivePreview jsonData={config.jsonData} language={config.settings.language} uid={uid} />}
      </Stack>
    </ConfigSubSection>
  );
}

function LivePreview({ jsonData, language, uid }: { jsonData: EmailJsonData; language: Language; uid: string }) {
  const styles = useStyles2(getStyles);
  const [chosen, setChosen] = useState<Language>();
  const [part, setPart] = useState<Part>('html');
  const [scheme, setScheme] = useState<Scheme>('light');
  const [first, setFirst] = useState(true);
  const { run, result, error, running } = useTask<Preview>();
  const shown = chosen ?? language;

  useEffect(() => {
    const settings = { ...jsonData, language: shown };
    const timer = setTimeout(
      () => {
        setFirst(false);
        void run(() => preview(uid, settings));
      },
      first ? 0 : PAUSE_MS,
    );
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `first` only sets the pace
  }, [jsonData, shown, uid, run]);

  return (
    <Stack direction="column" gap={1}>
      <Stack gap={2} wrap="wrap">
        <RadioButtonGroup<Language>
          aria-label={t('preview.language', 'Language of the preview')}
          size="sm"
          value={shown}
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
      </Stack>
      {error && <Problem error={error} />}
      {result && !error && (
        <div aria-busy={running}>
          {result.warnings?.map((warning) => (
            <Alert key={warning} severity="warning" title={warning} />
          ))}
          <div className={styles.subject}>{result.subject}</div>
          <TabsBar>
            <Tab label={t('preview.html', 'HTML')} active={part === 'html'} onChangeTab={() => setPart('html')} />
            <Tab label={t('preview.text', 'Plain text')} active={part === 'text'} onChangeTab={() => setPart('text')} />
          </TabsBar>
          {part === 'html' ? (
            // No scripts, no forms, no origin: the mail may hold whatever an alert holds.
            <iframe
              className={styles.mail}
              style={{ colorScheme: scheme }}
              title={t('preview.mail', 'The mail')}
              sandbox=""
              srcDoc={inScheme(result.html, scheme)}
            />
          ) : (
            <pre className={styles.text}>{result.text}</pre>
          )}
        </div>
      )}
    </Stack>
  );
}

/**
 * inScheme shows a mail as in a client with that color scheme, whichever the
 * browser prefers: a query for the other scheme never matches, one for this
 * scheme always does.
 */
export function inScheme(html: string, scheme: Scheme): string {
  const other = scheme === 'dark' ? 'light' : 'dark';
  return html
    .replaceAll(new RegExp(`\\(\\s*prefers-color-scheme\\s*:\\s*${other}\\s*\\)`, 'gi'), '(max-width: 0)')
    .replaceAll(new RegExp(`\\(\\s*prefers-color-scheme\\s*:\\s*${scheme}\\s*\\)`, 'gi'), '(min-width: 0)');
}

const getStyles = (theme: GrafanaTheme2) => ({
  subject: css({ ...theme.typography.h5, overflowWrap: 'anywhere' }),
  mail: css({ width: '100%', height: 600, border: `1px solid ${theme.colors.border.weak}`, background: 'Canvas' }),
  text: css({ maxHeight: 600, overflow: 'auto', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }),
});
