// The facts of the NHN Cloud Email SMTP service, from its SMTP guide, and what the
// settings of a data source mean.
import pluginJson from './plugin.json';
import { CHOICES, DEFAULTS, FLAGS, LIMITS, LISTS } from './settings';
import type { EmailJsonData, PortMode, ServiceEvent } from './types';

export const PLUGIN_ID = pluginJson.id;

export const SERVICE_HOST = DEFAULTS.host;

/** PORTS lists the ports of each mode, the default first. */
export const PORTS: Record<PortMode, number[]> = {
  starttls: [587, 25, 2587],
  tlsWrapper: [465, 2465],
};

export interface Endpoint {
  mode: PortMode;
  port: number;
}

export const ENDPOINTS: Endpoint[] = (Object.keys(PORTS) as PortMode[]).flatMap((mode) =>
  PORTS[mode].map((port) => ({ mode, port })),
);

export const isServiceHost = (host: string): boolean => host.trim().replace(/\.$/, '').toLowerCase() === SERVICE_HOST;

/** RESTRICTED lists the domains to which the service restricts mail from domains that are not verified, as pkg/nhncloud does. */
export const RESTRICTED = ['gmail.com', 'googlemail.com', 'yahoo.com', 'ymail.com', 'rocketmail.com'];

/** STATUSES of a delivery, in the order of its life. */
export const STATUSES = [
  'collecting',
  'queued',
  'sending',
  'held',
  'sent',
  'partial',
  'digested',
  'failed',
  'expired',
  'cancelled',
] as const;
/** SERVICE_STATUSES of a mail at the service (pkg/nhncloud/api). */
export const SERVICE_STATUSES = [
  'preparing',
  'scheduled',
  'sending',
  'sent',
  'delivered',
  'failed',
  'refused',
  'unverified',
  'whitelist',
  'unknown',
] as const;
/** SERVICE_EVENTS of the service's statistics, in the order of a mail's life. */
export const SERVICE_EVENTS = ['requested', 'sent', 'failed', 'received', 'opened'] as const satisfies ServiceEvent[];
export const MAIL_TYPES = CHOICES.mailType;

/** Settings is what jsonData means: defaults filled in, lists never missing. */
export type Settings = EmailJsonData & Required<Pick<EmailJsonData, keyof typeof DEFAULTS | 'port'>>;

const NUMBERS = Object.keys(LIMITS);

const NOT_TEXT = new Set<string>([...LISTS, ...NUMBERS, ...FLAGS, 'profiles']);

/** splitList cuts a list as people write it, at commas, semicolons and line breaks outside double quotes, as the backend does (pkg/address). */
export function splitList(text: string): string[] {
  const parts = text.match(/("(\\.|[^"\\])*"?|[^,;\r\n"])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

const asText = (value: unknown): string => (String(value).trim() === '' ? '' : String(value));

/**
 * withText is jsonData with text where text belongs: YAML reads an unquoted
 * AppKey of digits as a number. The backend refuses that with words, which
 * nobody could ask for on a page that does not open.
 */
export const withText = (jsonData: EmailJsonData): EmailJsonData =>
  Object.fromEntries(
    Object.entries(jsonData).map(([key, value]) => [key, NOT_TEXT.has(key) ? value : asText(value ?? '')]),
  );

/**
 * readSettings reads jsonData as the backend does: what is empty takes the
 * default, and provisioning may have written numbers, booleans and lists as text.
 */
export function readSettings(jsonData: EmailJsonData): Settings {
  const settings: Record<string, unknown> = { ...DEFAULTS };
  for (const [key, value] of Object.entries(withText(jsonData))) {
    if (value !== undefined && value !== null && value !== '') {
      settings[key] = key in CHOICES ? String(value).trim() : value;
    }
  }
  settings.port ??= PORTS[settings.portMode as PortMode]?.[0];
  for (const key of NUMBERS) {
    settings[key] = Number(settings[key]);
  }
  for (const key of FLAGS) {
    settings[key] = String(settings[key]).trim().toLowerCase() === 'true';
  }
  for (const key of LISTS) {
    settings[key] = [settings[key]].flat().flatMap((element) => splitList(String(element)));
  }
  return settings as unknown as Settings;
}
