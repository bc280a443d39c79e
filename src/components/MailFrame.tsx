import { useState } from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Alert, Tab, TabsBar, useStyles2 } from '@grafana/ui';
import type { Preview } from '../api';
import { t } from '../i18n';

export type Scheme = 'light' | 'dark';
export type Width = 'desktop' | 'phone';

// As wide as most phones.
const PHONE = 375;

/** MailFrame shows a mail as a mail reader does: its subject, and one of its bodies. */
export function MailFrame({ mail, scheme, width }: { mail: Preview; scheme: Scheme; width: Width }) {
  const styles = useStyles2(getStyles);
  const [part, setPart] = useState<'html' | 'text'>('html');
  const maxWidth = width === 'phone' ? PHONE : undefined;
  return (
    <>
      {mail.warnings?.map((warning) => (
        <Alert key={warning} severity="warning" title={warning} />
      ))}
      <div className={styles.subject}>
        <span className={styles.label}>{t('preview.subject', 'Subject:')}</span> <strong>{mail.subject}</strong>
      </div>
      <TabsBar>
        <Tab label={t('preview.html', 'HTML')} active={part === 'html'} onChangeTab={() => setPart('html')} />
        <Tab label={t('preview.text', 'Plain text')} active={part === 'text'} onChangeTab={() => setPart('text')} />
      </TabsBar>
      {part === 'html' ? (
        // No scripts, no forms, no origin: the mail may hold whatever an alert holds.
        <iframe
          className={styles.mail}
          style={{ colorScheme: scheme, maxWidth }}
          title={t('preview.mail', 'The mail')}
          sandbox=""
          srcDoc={inScheme(mail.html, scheme)}
        />
      ) : (
        <pre className={styles.text} style={{ maxWidth }}>
          {mail.text}
        </pre>
      )}
    </>
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
  subject: css({ overflowWrap: 'anywhere', marginBottom: theme.spacing(1) }),
  label: css({ color: theme.colors.text.secondary }),
  mail: css({ width: '100%', height: 600, border: `1px solid ${theme.colors.border.weak}`, background: 'Canvas' }),
  text: css({ maxHeight: 600, overflow: 'auto', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }),
});
