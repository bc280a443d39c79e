package failure

import "strings"

// ID names a hint: the part of its message's key behind "remedy." in src/locales.
type ID string

// english holds each hint as the log and the API say it. What stands in {{ }} is an
// argument.
var english = map[ID]string{}

// hint names a hint that the page has in other languages, too.
func hint(id ID, text string) ID {
	english[id] = text
	return id
}

// The hints.
var (
	NoRoom            = hint("no-room", "The relay has no room for this connection now. The mail is tried again; if this persists, lower maxConnections.")
	STARTTLS          = hint("starttls", "Mail and credentials are sent over TLS only. Use a TLS wrapper port (portMode tlsWrapper, 465 or 2465), and check that no firewall or proxy on the way alters SMTP.")
	Sender            = hint("sender", "Check fromAddress: the relay accepts no mail from this sender. Its domain may not be verified in the NHN Cloud console, or may be protected by another project.")
	DNS               = hint("dns", "The name {{host}} cannot be resolved: check host and this machine's DNS.")
	Nobody            = hint("nobody", "Nothing listens on {{address}}: check host and port.")
	Port25            = hint("port-25", "A firewall or the cloud provider may block port 25: try 587 or 2587 (STARTTLS), or 465 or 2465 (TLS wrapper).")
	Firewall          = hint("firewall", "A firewall may block connections to port {{port}}: allow them, or try another port.")
	Unreachable       = hint("unreachable", "Check that this machine can reach {{address}}.")
	Client            = hint("client", "The relay does not serve this client: check that its address may use the service.")
	NoGreeting        = hint("no-greeting", "The connection stands but no greeting came. If port {{port}} is a TLS wrapper port (465, 2465), set portMode to tlsWrapper; else a firewall or proxy on the way may swallow it.")
	EHLOName          = hint("ehlo-name", "The relay refuses the name by which the plugin greets it in EHLO: set ehloName to this machine's full name in DNS, such as grafana.example.com.")
	EHLO              = hint("ehlo", "The relay refuses this client at EHLO: set ehloName to this machine's full name in DNS, such as grafana.example.com, and check that its address may use the service.")
	NoEHLO            = hint("no-ehlo", "{{address}} does not know EHLO: check that it is an SMTP relay, and that no firewall or proxy on the way alters SMTP.")
	NoRelay           = hint("no-relay", "Check that {{address}} is an SMTP relay.")
	PlainPort         = hint("plain-port", "Port {{port}} answers in plain text: it is probably a STARTTLS port (25, 587, 2587). Set portMode to starttls, or use 465 or 2465.")
	NotTLS            = hint("not-tls", "What followed STARTTLS was not TLS: check that no firewall or proxy on the way alters SMTP, or use a TLS wrapper port (465, 2465).")
	Authority         = hint("authority", "The certificate is signed by an authority that this machine does not trust. If the relay is your own, give its CA certificate (tlsAuthWithCACert, tlsCACert).")
	NoSAN             = hint("no-san", "The certificate names no host in its subject alternative names (SAN), and TLS clients do not read its Common Name: have it issued again with {{name}} as a SAN.")
	Name              = hint("name", "The certificate is not for {{name}}: check host, or set serverName to a name the certificate carries.")
	Expired           = hint("expired", "The certificate has expired or is not valid yet: check this machine's clock, and tell the relay's operator.")
	Certificate       = hint("certificate", "The relay's certificate cannot be verified: check host, serverName and tlsCACert.")
	OldTLS            = hint("old-tls", "The relay offers no TLS version that is safe: TLS 1.2 or later is needed.")
	CipherSuites      = hint("cipher-suites", "The relay speaks TLS, but no cipher suite that this client offers: often it has RSA key exchange only, which is not safe. In the relay's settings, allow ECDHE cipher suites (such as ECDHE-RSA-AES128-GCM-SHA256) or TLS 1.3.")
	NoCertificate     = hint("no-certificate", "The relay has no certificate for {{name}}: check host and serverName.")
	BrokenOff         = hint("broken-off", "The relay speaks TLS, and broke off the handshake: its own log says why.")
	TLSHeldUp         = hint("tls-held-up", "The relay did not complete the TLS handshake: check that no firewall or proxy on the way holds it up, or try another port.")
	SpeaksTLS         = hint("speaks-tls", "Check that {{address}} speaks TLS 1.2 or later.")
	NoAuth            = hint("no-auth", "Check that host is the right relay and that authMechanism is one it offers.")
	Mechanism         = hint("mechanism", "The relay does not take this mechanism: try another authMechanism.")
	Credentials       = hint("credentials", "Check the AppKey and SecretKey in the NHN Cloud console (Notification > Email): that it is the AppKey of Email, not of another service, and that Email is enabled for it.")
	EHLOCharacter     = hint("ehlo-character", "Set ehloName to a fully qualified host name, or leave it empty.")
	MessagesPerMinute = hint("messages-per-minute", "Raise messagesPerMinute, or send fewer mails.")
	NeedsEditor       = hint("needs-editor", "Use an account or service account with the role Editor or Admin; for alerts, a webhookSecret in the data source and the contact point takes the role's place.")
	AllowRecipient    = hint("allow-recipient", "Add the address, or a pattern such as {{pattern}}, to allowedRecipients.")
	AllowAddress      = hint("allow-address", "Add the whole address to allowedRecipients: relays may take % and ! for a route to another domain, so a pattern does not allow it.")
	NoRecipient       = hint("no-recipient", "Set recipients in the data source, or add ?to= with an address to the contact point's URL.")
	NoDefault         = hint("no-default-recipient", "No recipient is set: an alert is refused unless its contact point names one with ?to=.")
	NoProfile         = hint("no-profile", "Alerts came for a profile {{name}}, which is not there: the default recipients have them. Add a profile of this name, or correct the URL of the contact point.")
	SkipVerify        = hint("tls-skip-verify", "tlsSkipVerify is on: whoever stands between Grafana and the relay can read the SecretKey and every mail.")
	AddressForm       = hint("address-form", "Write user@example.com or Name <user@example.com>.")
	AskLater          = hint("ask-later", "Try again in {{seconds}} s.")
	CorrectSettings   = hint("correct-settings", "Correct the settings of the data source, on its page or in its provisioning file.")
	TemplateModel     = hint("template-model", "docs/templates.md describes the model and the functions.")
	LoadAgain         = hint("load-again", "Load the delivery again: its state says what can be done.")
	Gone              = hint("gone", "It may be older than the retention, or belong to another data source.")
	GrafanaAddress    = hint("grafana-address", "Enter the address at which the Grafana server reaches itself, such as http://localhost:3000.")
	NeedsAdmin        = hint("needs-admin", "Ask an Admin of the organization.")
	SaveSecret        = hint("save-secret", "Save webhookSecret in the data source first.")
	CorrectQuery      = hint("correct-query", "Correct the query.")
	AskAgain          = hint("ask-again", "Ask again; Grafana does so with an alert that still fires.")
	LogSearched       = hint("log-searched", "The log was searched back to {{time}}, and there may be more before that: narrow the time range or the filters.")
	LogLimit          = hint("log-limit", "Only the newest {{limit}} deliveries are shown: narrow the time range or the filters, or raise the limit.")
	AskOperator       = hint("ask-operator", "An Editor or Admin is told why, and so is Grafana's log.")

	ServiceOff         = hint("service-off", "To see what the service says of mail, turn on serviceResults in the data source (Advanced).")
	ServiceNone        = hint("service-none", "The service lists none of the mails that this data source sent. Its documentation does not say whether it lists mail sent over SMTP. Look in the NHN Cloud console.")
	ServiceMore        = hint("service-more", "The service lists {{total}} mails in this time range, and only {{read}} were read. Narrow the time range.")
	ServiceLimit       = hint("service-limit", "Only the newest {{limit}} mails are shown. Narrow the time range or the filters, or raise the limit.")
	ServiceDomains     = hint("service-domains", "Only the {{limit}} domains with the most mail are shown, of {{count}}. Narrow the time range.")
	ServiceThirtyDays  = hint("service-thirty-days", "The service has statistics of the last 30 days only: nothing before that is shown.")
	ServiceNotListed   = hint("service-not-listed", "The service lists no mail to this recipient with this subject at that time.")
	ServiceAmbiguous   = hint("service-ambiguous", "The service lists {{count}} mails to this recipient with this subject at about that time, so it is not known which of them is this one.")
	ServiceTooOld      = hint("service-too-old", "The service keeps its records of mail for 90 days only.")
	ServiceBusy        = hint("service-busy", "Wait a minute. If this persists, let dashboards refresh and alert rules evaluate less often.")
	ServiceFault       = hint("service-fault", "This is a fault of the service: try again later.")
	ServiceCode        = hint("service-code", "The service's documentation explains this code (Notification > Email > Error Code).")
	ServiceNarrow      = hint("service-narrow", "Narrow the time range.")
	ServiceAddress     = hint("service-address", "Check that serviceUrl is the address of the service's API, and that no proxy on the way answers in its place.")
	ServiceDNS         = hint("service-dns", "Check serviceUrl and this machine's DNS.")
	ServiceUnverified  = hint("service-unverified", "Set up SPF, DKIM and DMARC of the sender's domain and verify them in the NHN Cloud console: until then the service restricts mail to Gmail and Yahoo.")
	ServiceUnreachable = hint("service-unreachable", "Check serviceUrl, and that this machine can reach {{host}}, directly or through Grafana's proxy.")
	ServiceCertificate = hint("service-certificate", "Check serviceUrl. If a proxy on the way decrypts TLS, this machine must trust the certificate that it presents for {{host}}.")
)

// Hint is what a person can do about a failure: in English, and for the page, which
// has it in other languages, by its id and arguments. One without an id is in English
// only, and the zero Hint says nothing.
type Hint struct {
	English string            `json:"hint,omitempty"`
	ID      ID                `json:"hintId,omitempty"`
	Args    map[string]string `json:"hintArgs,omitempty"`
}

// Say makes a hint of a sentence that is in English only.
func Say(remedy string) Hint {
	if remedy == "" {
		return Hint{}
	}
	return Hint{English: strings.ToUpper(remedy[:1]) + strings.TrimSuffix(remedy[1:], ".") + "."}
}

// With makes a hint of an id and its arguments, each a name and a value.
func (id ID) With(args ...string) Hint {
	h := Hint{ID: id, English: english[id]}
	if len(args) > 0 {
		h.Args = make(map[string]string, len(args)/2)
	}
	for i := 0; i+1 < len(args); i += 2 {
		h.Args[args[i]] = args[i+1]
		h.English = strings.ReplaceAll(h.English, "{{"+args[i]+"}}", args[i+1])
	}
	return h
}
