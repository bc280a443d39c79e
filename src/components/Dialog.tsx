import { useEffect, useRef, type FormEvent, type ReactNode } from 'react';
import { Button, Modal, Stack } from '@grafana/ui';
import { t } from '../i18n';

interface Props {
  title: string;
  /** What the button says that does it. */
  confirm: string;
  destructive?: boolean;
  disabled?: boolean;
  onCancel: () => void;
  onConfirm: () => void;
  children: ReactNode;
}

/** Dialog asks before something is done; Enter in a field does it, too. */
export function Dialog({ title, confirm, destructive, disabled, onCancel, onConfirm, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  // The keyboard goes to the first field, or to the button that does it: Grafana has it at the one that closes.
  useEffect(() => form.current?.querySelector<HTMLElement>('input, [type=submit]:enabled')?.focus(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation(); // or the form of the data source, around this one, is saved
    if (!disabled) {
      onConfirm();
    }
  };
  return (
    <Modal isOpen title={title} onDismiss={onCancel}>
      <form ref={form} onSubmit={submit}>
        <Stack direction="column" gap={2}>
          {children}
        </Stack>
        <Modal.ButtonRow>
          <Button type="button" variant="secondary" fill="outline" onClick={onCancel}>
            {t('contact-point.cancel', 'Cancel')}
          </Button>
          <Button type="submit" variant={destructive ? 'destructive' : 'primary'} disabled={disabled}>
            {confirm}
          </Button>
        </Modal.ButtonRow>
      </form>
    </Modal>
  );
}
