// Mail addresses as the backend takes them (pkg/address), so that a mistake is
// shown while it is typed. The backend has the last word.

// Limits of RFC 5321 section 4.5.3.1 and RFC 1035 section 2.3.4, in octets.
const MAX_LOCAL = 64;
const MAX_MAILBOX = 254;
const MAX_DOMAIN = 253;

// Japanese carriers gave out addresses such as a..b@ and a.@ for years.
const ATOMS = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~][A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]*$/;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const DNS_LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
// A display name: a quoted string, or words without the specials of RFC 5322.
const NAME = /^("(\\.|[^"\\])*"|[^()<>[\]:;@\\,"]*)$/;

/** asciiDomain turns a domain name into A-labels; null when it is not one. */
export function asciiDomain(domain: string): string | null {
  if (domain === '' || /[\s/?#@:\\[\]%<>]/.test(domain)) {
    return null;
  }
  let ascii: string;
  try {
    // The URL parser is the browser's own IDNA implementation.
    ascii = new URL(`http://${domain}/`).hostname;
  } catch {
    return null;
  }
  return ascii.length <= MAX_DOMAIN && ascii.split('.').every((label) => LABEL.test(label)) ? ascii : null;
}

/** isHost takes host names and IP addresses, without scheme and port. */
export function isHost(host: string): boolean {
  const name = host.trim().replace(/\.$/, '');
  return asciiDomain(name) !== null || URL.canParse(`http://[${name.replace(/^\[|\]$/g, '')}]/`);
}

/** isDNSName takes names in DNS, also with the underscores that those of TXT records have. */
export function isDNSName(text: string): boolean {
  const name = text.trim().replace(/\.$/, '').toLowerCase();
  return name.length <= 200 && name.split('.').every((label) => DNS_LABEL.test(label));
}

function isMailbox(mailbox: string): boolean {
  const at = mailbox.lastIndexOf('@');
  const local = mailbox.slice(0, at).replace(/^"(.*)"$/, '$1');
  // On the wire what is no dot-string is in quotation marks.
  const marks = /\.\.|\.$/.test(local) ? 2 : 0;
  const domain = asciiDomain(mailbox.slice(at + 1));
  return (
    at > 0 &&
    ATOMS.test(local) &&
    domain !== null &&
    local.length + marks <= MAX_LOCAL &&
    local.length + marks + 1 + domain.length <= MAX_MAILBOX
  );
}

/** isAddress takes "user@example.com" and "Name <user@example.com>". */
export function isAddress(text: string): boolean {
  const bracketed = /^(.*)<([^<>]*)>$/s.exec(text.trim());
  if (!bracketed) {
    return isMailbox(text.trim());
  }
  const name = bracketed[1].trim();
  // eslint-disable-next-line no-control-regex
  return !/[\u0000-\u001f\u007f]/.test(name) && NAME.test(name) && isMailbox(bracketed[2]);
}

/** isPattern takes an address without a name, "@example.com" and "*@*.example.com". */
export function isPattern(text: string): boolean {
  const pattern = text.trim();
  const anyone = /^\*?@(\*\.)?(.+)$/.exec(pattern);
  if (anyone) {
    return asciiDomain(anyone[2]) !== null;
  }
  return !/[<*]/.test(pattern) && isMailbox(pattern);
}

/** domainOf is the domain of an address, in A-labels; empty where there is none. */
export const domainOf = (address: string): string => {
  const text = address.trim().replace(/>$/, '');
  return asciiDomain(text.slice(text.lastIndexOf('@') + 1)) ?? '';
};

/** splitList cuts a pasted list at commas, semicolons and line breaks outside double quotes. */
export function splitList(text: string): string[] {
  const parts = text.match(/("(\\.|[^"\\])*"?|[^,;\r\n"])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
