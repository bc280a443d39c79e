import { useRef, useState, type ComponentProps } from 'react';
import type { SettingKey } from '../types';
import type { Config } from './useConfig';
import { focusProblem } from './useProblems';

/** Fold is a part of the page that opens and closes. */
interface Fold {
  /** A setting in it is wrong. */
  wrong: boolean;
  isOpen: boolean;
  onToggle: (open: boolean) => void;
  ref: ComponentProps<'div'>['ref'];
}

/** useFold opens a fold with settings of these keys when one of them is wrong, and takes the keyboard there when it is opened by hand. */
export function useFold(config: Config, keys: readonly SettingKey[]): Fold {
  const ref = useRef<HTMLDivElement>(null);
  const wrong = keys.some((key) => config.errors[key] !== undefined);
  const [isOpen, setOpen] = useState(wrong);
  const [wasWrong, setWasWrong] = useState(wrong);
  if (wrong !== wasWrong) {
    setWasWrong(wrong);
    setOpen(isOpen || wrong);
  }
  const onToggle = (open: boolean) => {
    setOpen(open);
    if (open) {
      setTimeout(() => ref.current && focusProblem(ref.current)); // once it is shown
    }
  };
  return { wrong, isOpen, onToggle, ref };
}
