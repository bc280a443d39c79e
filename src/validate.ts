import { isAddress, isDNSName, isHost, isPattern } from './address';
import { t } from './i18n';
import { CHOICES, isServiceHost, PORTS, readSettings, withText } from './service';
import type { EmailJsonData, EmailSecureJsonData } from './types';

export type Errors = Partial<Record<keyof EmailJsonData | keyof EmailSecureJsonData, string>>;

/** Ranges of the numbers, as the backend holds them. */
export const LIMITS = {
  port: [1, 65535],
  maxConnections: [1, 50],
  messagesPerConnection: [1, 10000],
  timeoutSeconds: [1, 60],
  messagesPerMinute: [0, 100000],
  dedupeSeconds: [0, 86400],
} as const;

/** invalidAddress is the message for an address that is none; empty when it is one. */
export function invalidAddress(address: string): string {
  return isAddress(address)
    ? ''
    : t('validate.address', '{{address}} is not a mail address. Write user@example.com or Name <user@example.com>.', {
        address,
      });
}

/** invalidPattern is the message for a pattern of recipients that is none. */
export function invalidPattern(pattern: string): string {
  return isPattern(pattern)
    ? ''
    : t('validate.pattern', '{{pattern}} is not an address, @example.com or *@*.example.com.', { pattern });
}

/** isSecureUrl takes https URLs that name a host. */
const isSecureUrl = (url: string) => /^https:\/\/[^/?#]/i.test(url.trim()) && URL.canParse(url.trim());

/** isServiceUrl says whether the SecretKey may be sent to a URL: it is https, or on this machine. */
function isServiceUrl(text: string): boolean {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  return (
    url !== undefined &&
    (url.protocol === 'https:' ||
      (url.protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(url.hostname))) &&
    !url.username &&
    !url.password &&
    !/[?#]/.test(text)
  );
}

/** isGrafanaUrl says whether a text may be the address of Grafana's API. */
function isGrafanaUrl(text: string): boolean {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  return (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    Boolean(url.hostname) &&
    !url.username &&
    !url.password &&
    !/[?#]/.test(text)
  );
}

/** validate says what must change before the settings can work, key by key. */
export function validate(saved: EmailJsonData, hasSecretKey: boolean): Errors {
  const errors: Errors = {};
  const jsonData = withText(saved);
  const settings = readSettings(jsonData);

  for (const key of ['host', 'ehloName', 'serverName'] as const) {
    const host = settings[key];
    if (host && !isHost(host)) {
      errors[key] = t('validate.host', '{{host}} is not a host name or IP address.', { host });
    }
  }
  for (const key of ['dkimSelector', 'spfInclude'] as const) {
    const name = settings[key];
    if (name && !isDNSName(name)) {
      errors[key] = t(
        'validate.dns-name',
        '{{name}} is not a DNS name. Write letters, digits, - and _, separated by dots.',
        { name },
      );
    }
  }
  if (
    Object.hasOwn(PORTS, settings.portMode) &&
    isServiceHost(settings.host) &&
    !PORTS[settings.portMode].includes(settings.port)
  ) {
    errors.port = t(
      'validate.port',
      'The service does not offer port {{port}} with this encryption. Choose {{ports}}.',
      {
        port: settings.port,
        ports: PORTS[settings.portMode].join(', '),
      },
    );
  }
  for (const [key, words] of Object.entries(CHOICES) as Array<[keyof typeof CHOICES, readonly string[]]>) {
    const word = settings[key];
    if (word !== undefined && !words.includes(word)) {
      errors[key] = t('validate.choice', '{{word}} is not one of the options.', { word });
    }
  }
  if (!jsonData.appKey?.trim()) {
    errors.appKey = t('validate.app-key', 'The AppKey is required.');
  } else if (/[#\s]/.test(jsonData.appKey.trim())) {
    errors.appKey = t(
      'validate.app-key-form',
      'The AppKey holds no spaces and no #. Choose the mail type below instead.',
    );
  }
  if (!hasSecretKey) {
    errors.secretKey = t('validate.secret-key', 'The SecretKey is required.');
  }
  if (!jsonData.fromAddress?.trim()) {
    errors.fromAddress = t('validate.from', 'The sender address is required.');
  }
  for (const key of ['fromAddress', 'replyTo', 'unsubscribeAddress'] as const) {
    const address = jsonData[key];
    if (address && !isAddress(address)) {
      errors[key] = invalidAddress(address);
    }
  }
  for (const key of ['to', 'cc', 'bcc'] as const) {
    errors[key] = settings[key].map(invalidAddress).find(Boolean);
  }
  errors.allowedRecipients = settings.allowedRecipients.map(invalidPattern).find(Boolean);
  if (settings.mailType === 'ad') {
    if (!jsonData.adSenderName?.trim()) {
      errors.adSenderName = t('validate.ad-name', 'Advertising mail must name its advertiser.');
    }
    if (!jsonData.adSenderAddress?.trim()) {
      errors.adSenderAddress = t(
        'validate.ad-address',
        'Advertising mail must give the postal address and telephone of its advertiser.',
      );
    }
    if (!jsonData.unsubscribeUrl?.trim() && !jsonData.unsubscribeAddress?.trim()) {
      errors.unsubscribeUrl = t(
        'validate.unsubscribe',
        'Advertising mail must say how to unsubscribe: by a URL or a mail address.',
      );
    }
  }
  if (jsonData.unsubscribeUrl?.trim() && !isSecureUrl(jsonData.unsubscribeUrl)) {
    errors.unsubscribeUrl = t('validate.https', '{{url}} is not an https URL.', { url: jsonData.unsubscribeUrl });
  }
  if (!isServiceUrl(settings.serviceUrl)) {
    errors.serviceUrl = t('validate.service-url', 'Enter an https URL without a user name, query or fragment.');
  }
  if (jsonData.grafanaUrl?.trim() && !isGrafanaUrl(jsonData.grafanaUrl)) {
    errors.grafanaUrl = t('validate.grafana-url', 'Enter an http or https URL without a user name, query or fragment.');
  }
  for (const [key, [least, most]] of Object.entries(LIMITS) as Array<
    [keyof typeof LIMITS, readonly [number, number]]
  >) {
    const value = settings[key];
    if (!Number.isInteger(value) || value < least || value > most) {
      errors[key] = t('validate.number', 'Choose a whole number from {{least}} to {{most}}.', { least, most });
    }
  }
  return errors;
}
