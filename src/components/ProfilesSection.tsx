import { useRef, useState } from 'react';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Button, Icon, IconButton, Stack, useStyles2 } from '@grafana/ui';
import { t } from '../i18n';
import { freeProfileName, isOwn, profileNames, profilesOf, settingsOf } from '../profiles';
import { MAX_PROFILES, type Profile } from '../settings';
import type { EmailJsonData, SettingKey } from '../types';
import { LANGUAGES } from './examples';
import { Fold } from './Fold';
import { mailTypeName } from './names';
import { ProfileEditor } from './ProfileEditor';
import type { Config } from './useConfig';
import { isWrong } from './useProfile';

/** ProfilesSection lists the profiles, of which one is open to be edited. */
export function ProfilesSection({ config, uid }: { config: Config; uid: string }) {
  const styles = useStyles2(getStyles);
  const profiles = profilesOf(config.jsonData);
  const names = profileNames(config.jsonData);
  const wrong = profiles.findIndex((_, index) => isWrong(config, index));
  const [open, setOpen] = useState(wrong);
  const [wasWrong, setWasWrong] = useState(wrong);
  if (wrong !== wasWrong) {
    setWasWrong(wrong);
    if (wrong >= 0 && (open < 0 || !isWrong(config, open))) {
      setOpen(wrong); // what is wrong is shown
    }
  }
  const list = useRef<HTMLUListElement>(null);
  /** Takes the keyboard to a profile, or else to the button that adds one, once the list is as it will be. */
  const focus = (index: number, selector = 'button') =>
    setTimeout(() => {
      const row = list.current?.children[index];
      const target = row?.querySelector<HTMLElement>(selector);
      (target ?? list.current?.parentElement?.querySelector<HTMLElement>('[data-add]'))?.focus();
    });
  const add = (index: number, profile: Profile) => {
    config.set({ profiles: profiles.toSpliced(index, 0, profile) });
    setOpen(index);
    focus(index, 'input');
  };
  const remove = (index: number) => {
    config.set({ profiles: profiles.toSpliced(index, 1) });
    setOpen(-1);
    focus(Math.min(index, profiles.length - 2));
  };
  const keys = Object.keys(config.errors).filter((key) => /^profiles(\[|$)/.test(key)) as SettingKey[];
  const full = profiles.length >= MAX_PROFILES;

  return (
    <Fold config={config} keys={keys} title={t('profile.title', 'Profiles')} summary={names.join(', ')}>
      <Stack direction="column" gap={2}>
        <div className={styles.help}>
          {t(
            'profile.description',
            'Named sets of settings, of which a contact point chooses one with ?profile=. What a profile leaves empty is as above.',
          )}
        </div>
        {profiles.length > 0 && (
          <ul className={styles.list} ref={list}>
            {profiles.map((profile, index) => {
              const name = profile.name || t('profile.unnamed', 'Without a name');
              return (
                <li key={index} className={styles.entry}>
                  <div className={styles.row}>
                    <button
                      type="button"
                      className={styles.toggle}
                      aria-expanded={open === index}
                      onClick={() => setOpen(open === index ? -1 : index)}
                    >
                      <Icon name={open === index ? 'angle-down' : 'angle-right'} />
                      <span className={styles.name}>{name}</span>
                      {isWrong(config, index) && (
                        <Icon
                          className={styles.wrong}
                          name="exclamation-circle"
                          title={t('config.fold.wrong', 'Has a mistake')}
                        />
                      )}
                      <span className={styles.summary}>{summaryOf(config.jsonData, profile)}</span>
                    </button>
                    {!config.readOnly && (
                      <Stack gap={0.5} alignItems="center">
                        <IconButton
                          name="copy"
                          disabled={full}
                          aria-label={t('profile.duplicate', 'Duplicate {{name}}', { name })}
                          onClick={() => add(index + 1, { ...profile, name: freeProfileName(profile.name, names) })}
                        />
                        <IconButton
                          name="trash-alt"
                          aria-label={t('profile.remove', 'Remove {{name}}', { name })}
                          onClick={() => remove(index)}
                        />
                      </Stack>
                    )}
                  </div>
                  {open === index && <ProfileEditor config={config} uid={uid} index={index} />}
                </li>
              );
            })}
          </ul>
        )}
        {config.error('profiles') && <div className={styles.wrong}>{config.error('profiles')}</div>}
        {!config.readOnly && (
          <div>
            <Button
              data-add
              variant="secondary"
              icon="plus"
              disabled={full}
              onClick={() => add(profiles.length, { name: freeProfileName('profile', names) })}
            >
              {t('profile.add', 'Add a profile')}
            </Button>
          </div>
        )}
      </Stack>
    </Fold>
  );
}

/** summaryOf says in a line what a profile has of its own: whom it mails, as whom, and how. */
function summaryOf(jsonData: EmailJsonData, profile: Profile): string {
  const { to, fromName, fromAddress, language, timezone, mailType } = settingsOf(jsonData, profile);
  const more = to.length > 2 ? ` +${to.length - 2}` : '';
  const parts = [
    [profile.to, to.slice(0, 2).join(', ') + more],
    [profile.fromName, fromName],
    [profile.fromAddress, fromAddress],
    [profile.mailType, mailTypeName(mailType ?? '')],
    [profile.language, LANGUAGES.find(({ value }) => value === language)?.label],
    [profile.timezone, timezone],
    [profile.digest, profile.digest],
  ] as const;
  return (
    parts
      .filter(([own, text]) => isOwn(own) && text)
      .map(([, text]) => text)
      .join(' · ') || t('profile.same', 'As the data source')
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  help: css({ color: theme.colors.text.secondary }),
  list: css({ listStyle: 'none', margin: 0, border: `1px solid ${theme.colors.border.weak}` }),
  entry: css({ '& + &': { borderTop: `1px solid ${theme.colors.border.weak}` } }),
  row: css({ display: 'flex', alignItems: 'center', gap: theme.spacing(1), paddingInlineEnd: theme.spacing(1) }),
  toggle: css({
    all: 'unset',
    boxSizing: 'border-box',
    flex: 1,
    minWidth: 0,
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    padding: theme.spacing(0.75, 1),
    cursor: 'pointer',
    '&:hover': { background: theme.colors.action.hover },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.main}`, outlineOffset: -2 },
  }),
  name: css({ fontWeight: theme.typography.fontWeightMedium, flexShrink: 0 }),
  summary: css({
    color: theme.colors.text.secondary,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    minWidth: 0,
  }),
  wrong: css({ color: theme.colors.error.text, flexShrink: 0 }),
});
