// The remedies that the backend names (pkg/smtp/hint.go), in the language of the
// user. They come in English, in which logs and API answers keep them.
import { t as translate } from './i18n';

/** remedy is one of them, with a pattern of what its placeholders stand for. */
const remedy = (id: string, message: string) => {
  const literal = message.split(/{{(\w+)}}/).map((part, i) => (i % 2 ? `(?<${part}>\\S+)` : escape(part)));
  return { id, message, pattern: new RegExp(`^${literal.join('')}$`) };
};

const escape = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

const REMEDIES = [
  remedy(
    'remedy.no-room',
    'The relay has no room for this connection now. The mail is tried again; if this persists, lower maxConnections.',
  ),
  remedy(
    'remedy.starttls',
    'Mail and credentials are sent over TLS only. Use a TLS wrapper port (portMode tlsWrapper, 465 or 2465), and check that no firewall or proxy on the way alters SMTP.',
  ),
  remedy('remedy.sender', 'Check fromAddress: the relay takes no mail from this sender.'),
  remedy('remedy.dns', "The name {{host}} cannot be resolved: check host and this machine's DNS."),
  remedy('remedy.nobody', 'Nothing listens on {{address}}: check host and port.'),
  remedy(
    'remedy.port-25',
    'A firewall or the cloud provider may block port 25: try 587 or 2587 (STARTTLS), or 465 or 2465 (TLS wrapper).',
  ),
  remedy('remedy.firewall', 'A firewall may block connections to port {{port}}: allow them, or try another port.'),
  remedy('remedy.unreachable', 'Check that this machine can reach {{address}}.'),
  remedy('remedy.client', 'The relay does not serve this client: check that its address may use the service.'),
  remedy(
    'remedy.no-greeting',
    'The connection stands but no greeting came. If port {{port}} is a TLS wrapper port (465, 2465), set portMode to tlsWrapper; else a firewall or proxy on the way may swallow it.',
  ),
  remedy(
    'remedy.ehlo-name',
    "The relay refuses the name by which the plugin greets it in EHLO: set ehloName to this machine's full name in DNS, such as grafana.example.com.",
  ),
  remedy(
    'remedy.ehlo',
    "The relay refuses this client at EHLO: set ehloName to this machine's full name in DNS, such as grafana.example.com, and check that its address may use the service.",
  ),
  remedy(
    'remedy.no-ehlo',
    '{{address}} does not know EHLO: check that it is an SMTP relay, and that no firewall or proxy on the way alters SMTP.',
  ),
  remedy('remedy.no-relay', 'Check that {{address}} is an SMTP relay.'),
  remedy(
    'remedy.plain-port',
    'Port {{port}} answers in plain text: it is probably a STARTTLS port (25, 587, 2587). Set portMode to starttls, or use 465 or 2465.',
  ),
  remedy(
    'remedy.not-tls',
    'What followed STARTTLS was not TLS: check that no firewall or proxy on the way alters SMTP, or use a TLS wrapper port (465, 2465).',
  ),
  remedy(
    'remedy.authority',
    'The certificate is signed by an authority that this machine does not trust. If the relay is your own, give its CA certificate (tlsAuthWithCACert, tlsCACert).',
  ),
  remedy(
    'remedy.no-san',
    'The certificate names no host in its subject alternative names (SAN), and TLS clients do not read its Common Name: have it issued again with {{name}} as a SAN.',
  ),
  remedy(
    'remedy.name',
    'The certificate is not for {{name}}: check host, or set serverName to a name the certificate carries.',
  ),
  remedy(
    'remedy.expired',
    "The certificate has expired or is not valid yet: check this machine's clock, and tell the relay's operator.",
  ),
  remedy('remedy.certificate', "The relay's certificate cannot be verified: check host, serverName and tlsCACert."),
  remedy('remedy.old-tls', 'The relay offers no TLS version that is safe: TLS 1.2 or later is needed.'),
  remedy(
    'remedy.cipher-suites',
    "The relay speaks TLS, but no cipher suite that this client offers: often it has RSA key exchange only, which is not safe. In the relay's settings, allow ECDHE cipher suites (such as ECDHE-RSA-AES128-GCM-SHA256) or TLS 1.3.",
  ),
  remedy('remedy.no-certificate', 'The relay has no certificate for {{name}}: check host and serverName.'),
  remedy('remedy.broken-off', 'The relay speaks TLS, and broke off the handshake: its own log says why.'),
  remedy(
    'remedy.tls-held-up',
    'The relay did not complete the TLS handshake: check that no firewall or proxy on the way holds it up, or try another port.',
  ),
  remedy('remedy.speaks-tls', 'Check that {{address}} speaks TLS 1.2 or later.'),
  remedy('remedy.no-auth', 'Check that host is the right relay and that authMechanism is one it offers.'),
  remedy('remedy.mechanism', 'The relay does not take this mechanism: try another authMechanism.'),
  remedy(
    'remedy.credentials',
    'Check the AppKey and SecretKey in the NHN Cloud console (Notification > Email): that it is the AppKey of Email, not of another service, and that Email is enabled for it.',
  ),
];

/** translated is a remedy in the language of the user; others stay as they came. */
export function translated(hint: string): string {
  for (const { id, message, pattern } of REMEDIES) {
    const match = pattern.exec(hint);
    if (match) {
      return translate(id, message, match.groups);
    }
  }
  return hint;
}
