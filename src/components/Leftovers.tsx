import { useEffect, useState } from 'react';
import { Alert, Button } from '@grafana/ui';
import type { Leftover } from '../contactPoints';
import { t } from '../i18n';
import { Problem } from './Problem';
import { useTask } from './useTask';

interface Props {
  leftovers: Leftover[];
  /** From when on nothing uses them. */
  removable: number;
  /** Whether they are removed then without being asked: they were renewed on this page. */
  unasked: boolean;
  remove: () => Promise<void>;
}

/** Leftovers are tokens and secrets that no contact point has: of a renewal, or of an attempt that was broken off. */
export function Leftovers({ leftovers, removable, unasked, remove }: Props) {
  const { running, error, run } = useTask<void>();
  const [now, setNow] = useState(Date.now);
  const due = now >= removable;
  useEffect(() => {
    const timer = setTimeout(() => setNow(Date.now()), Math.max(0, removable - Date.now()) + 1);
    return () => clearTimeout(timer);
  }, [removable]);
  const hasSome = leftovers.length > 0;
  useEffect(() => {
    if (hasSome && due && unasked) {
      void run(remove);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- remove is another function each time
  }, [hasSome, due, unasked, run]);
  if (!hasSome) {
    return error ? <Problem error={error} /> : null;
  }
  return (
    <Alert
      severity="info"
      bottomSpacing={0}
      title={t(
        'contact-point.leftovers',
        'Tokens and signing secrets that no contact point uses any more: number {{numbers}}',
        {
          numbers: leftovers.map(({ keyId }) => keyId).join(', '),
        },
      )}
    >
      {due
        ? t('contact-point.leftovers-due', 'They are still accepted.')
        : t(
            'contact-point.leftovers-wait',
            'They are accepted for a few minutes more, until Grafana uses the new ones everywhere. {{then}}',
            {
              then: unasked
                ? t('contact-point.leftovers-unasked', 'Then this page removes them.')
                : t('contact-point.leftovers-ask', 'Then they can be removed here.'),
            },
          )}{' '}
      {error && <Problem error={error} />}
      <div style={{ marginTop: 8 }}>
        <Button size="sm" variant="secondary" disabled={!due || running} onClick={() => void run(remove)}>
          {t('contact-point.leftovers-remove', 'Remove')}
        </Button>
      </div>
    </Alert>
  );
}
