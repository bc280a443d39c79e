import type { Language } from '../types';

/** What placeholders show: the same in every language. */
export const EXAMPLE = {
  from: 'alerts@example.com',
  replyTo: 'ops@example.com',
  pattern: '@example.com',
  subject: '[{{ .StateText }}] {{ .Headline }}',
  header: 'X-Team: platform',
  unsubscribeUrl: 'https://example.com/unsubscribe',
  unsubscribeAddress: 'unsubscribe@example.com',
  certificate: '-----BEGIN CERTIFICATE-----',
};

/** LANGUAGES names each language in itself, as it is the same for every reader. */
export const LANGUAGES: Array<{ value: Language; label: string }> = [
  { value: 'en', label: 'English' },
  { value: 'ja', label: '日本語' },
  { value: 'ko', label: '한국어' },
];
