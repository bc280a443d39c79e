import type { DataSourceApi, QueryEditorProps } from '@grafana/data';
import { Field, RadioButtonGroup } from '@grafana/ui';
import { t } from '../i18n';
import type { EmailJsonData, EmailQuery, VariableKind, VariableQuery } from '../types';

type Props = QueryEditorProps<DataSourceApi<EmailQuery, EmailJsonData>, EmailQuery, EmailJsonData, VariableQuery>;

/** VariableEditor chooses what a dashboard variable offers. */
export default function VariableEditor({ query, onChange }: Props) {
  const kinds: Array<{ value: VariableKind; label: string }> = [
    { value: 'statuses', label: t('variable.statuses', 'Statuses') },
    { value: 'mailTypes', label: t('variable.mail-types', 'Mail types') },
    { value: 'recipients', label: t('variable.recipients', 'Recipients') },
    { value: 'serviceStatuses', label: t('variable.service-statuses', 'Statuses at the service') },
  ];
  return (
    <Field noMargin label={t('variable.values', 'Values')}>
      <RadioButtonGroup<VariableKind>
        aria-label={t('variable.values', 'Values')}
        value={query.kind}
        onChange={(kind) => onChange({ ...query, kind })}
        options={kinds}
      />
    </Field>
  );
}
