import { Combobox, Field } from '@grafana/ui';
import { t } from '../i18n';
import { WIDTH } from './ConfigField';

interface Props {
  id: string;
  /** The names to choose from. */
  profiles: string[];
  value?: string;
  onChange: (profile?: string) => void;
}

/** ProfileField chooses whose mail something is about: that of a profile, or of none. */
export function ProfileField({ id, profiles, value, onChange }: Props) {
  return (
    <Field noMargin label={t('profile.choose', 'Profile')}>
      <Combobox<string>
        id={id}
        width={WIDTH.long}
        isClearable
        placeholder={t('profile.none', "None: the data source's own settings")}
        value={value ?? null}
        onChange={(option) => onChange(option?.value)}
        options={profiles.map((name) => ({ value: name }))}
      />
    </Field>
  );
}
