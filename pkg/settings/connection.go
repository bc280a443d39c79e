package settings

import (
	"cmp"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// relay reads where mail is handed over, and as whom.
func (r *reader) relay(s *Settings) {
	s.Host = r.host("host")
	set(r, "portMode", &s.PortMode, choice[nhncloud.PortMode](r))
	s.Port = r.port(s.Host, s.PortMode)
	set(r, "authMechanism", &s.AuthMechanism, choice[AuthMechanism](r))
	s.AppKey = r.appKey()
}

// pace reads how much is asked of the relay and of each recipient.
func (r *reader) pace(s *Settings) {
	s.MaxConnections = r.number("maxConnections")
	s.MessagesPerConnection = r.number("messagesPerConnection")
	s.Timeout = r.seconds("timeoutSeconds")
	s.MessagesPerMinute = r.number("messagesPerMinute")
	s.Dedupe = r.seconds("dedupeSeconds")
	s.MaxPerRecipient = r.number("maxPerRecipient")
	s.BrakeExempt = r.list("brakeExempt")
}

// tls reads whom the relay must prove to be, and how it is reached and greeted.
func (r *reader) tls(s *Settings) {
	s.ServerName = r.host("serverName")
	s.TLSSkipVerify = r.flag("tlsSkipVerify")
	if r.flag("tlsAuthWithCACert") {
		s.RootCAs = r.rootCAs(r.secure[keyTLSCACert])
	}
	s.SOCKSProxy = r.flag("enableSecureSocksProxy")
	s.EHLOName = r.ehloName()
}

// service reads whether and where the service's API is asked.
func (r *reader) service(s *Settings) {
	s.ServiceResults = r.flag("serviceResults")
	s.ServiceURL = r.serviceURL()
}

// grafana reads where Grafana's API is asked for charts.
func (r *reader) grafana(s *Settings) {
	s.GrafanaURL = r.grafanaURL()
}

// secrets reads secureJsonData.
func (r *reader) secrets(s *Settings) {
	for _, key := range secretKeys {
		if r.value(key) != nil {
			r.add(key, misplaced)
		}
	}
	s.SecretKey = r.secretKey(r.secure[keySecretKey])
	s.WebhookSecret = r.signingSecret(keyWebhookSecret, r.secure[keyWebhookSecret])
	s.ContactPointSecrets = r.contactPointSecrets()
	s.GrafanaToken = r.grafanaToken(r.secure[keyGrafanaToken])
}

// host reads a host name, in A-labels, or an IP address. A trailing dot is
// dropped: a certificate's name has none.
func (r *reader) host(key string) string {
	unset := properties[key].text()
	s := r.line(key)
	if s == "" {
		return unset
	}
	// A URL may carry a password, so it is not repeated.
	if strings.ContainsAny(s, "/@") {
		r.add(key, hostURL)
		return unset
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if ip, err := netip.ParseAddr(bare); err == nil && ip.Zone() == "" {
		return ip.String()
	}
	name, err := address.Domain(strings.TrimSuffix(s, "."))
	if err != nil {
		r.add(key, notHost, value(s))
		return unset
	}
	return name
}

// ehloName reads the name that the relay is greeted with. An IP address becomes
// an address literal (RFC 5321 section 4.1.3).
func (r *reader) ehloName() string {
	name := r.host("ehloName")
	ip, err := netip.ParseAddr(name)
	switch {
	case err != nil:
		return name
	case ip.Is6():
		return "[IPv6:" + name + "]"
	}
	return "[" + name + "]"
}

// port reads the port and holds it against the mode on the service's own host.
func (r *reader) port(host string, mode nhncloud.PortMode) int {
	ports := nhncloud.Ports(mode)
	port := cmp.Or(r.number("port"), ports[0])
	if r.wrong("host") || r.wrong("portMode") || r.wrong("port") || !nhncloud.IsHost(host) || nhncloud.Offers(mode, port) {
		return port
	}
	numbers := make([]string, len(ports))
	for i, p := range ports {
		numbers[i] = strconv.Itoa(p)
	}
	params := []param{
		number("port", port),
		{name: "mode", logged: string(mode)}, {name: "host", logged: nhncloud.Host},
		{"ports", or(numbers), strings.Join(numbers, ", ")},
	}
	for _, other := range nhncloud.PortModes() {
		if nhncloud.Offers(other, port) {
			r.add("port", otherMode, append(params, param{name: "other", logged: string(other)})...)
			return port
		}
	}
	r.add("port", wrongPort, params...)
	return port
}

// serviceURL reads the address of the service's API. It must be https, except on this
// machine, since the SecretKey is sent there.
func (r *reader) serviceURL() string {
	const key = "serviceUrl"
	unset := properties[key].text()
	s := strings.TrimRight(r.line(key), "/")
	if s == "" {
		return unset
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(s, "?#"): // not quoted, for it may hold a password
		r.add(key, notAPI, is("example", unset))
	case u.Scheme != "https" && (u.Scheme != "http" || !onThisMachine(u.Hostname())):
		r.add(key, plainAPI, value(s))
	}
	return s
}

// grafanaURL reads the address of Grafana's API. It may be http: inside a cluster, or on
// one machine, Grafana often speaks no TLS.
func (r *reader) grafanaURL() string {
	const key = "grafanaUrl"
	s := strings.TrimRight(r.line(key), "/")
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(s, "?#")) { // not quoted, for it may hold a password
		r.add(key, notGrafana, is("example", "http://localhost:3000"))
	}
	return s
}

// onThisMachine says whether host is a name or an address of the loopback interface.
func onThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// appKey reads the AppKey. It is half of the credentials, so messages do not
// repeat it.
func (r *reader) appKey() string {
	const key = "appKey"
	s := r.line(key)
	switch {
	case r.wrong(key):
	case s == "":
		r.add(key, noAppKey)
	case strings.Contains(s, "#"):
		r.add(key, appKeyHash)
	case strings.ContainsFunc(s, unicode.IsSpace):
		r.add(key, appKeySpace)
	case strings.ContainsFunc(s, invisible):
		r.add(key, unseen)
	}
	return s
}

// secretKey reads the SecretKey; space around it comes from copying.
func (r *reader) secretKey(secret string) Secret {
	secret = strings.TrimSpace(secret)
	switch {
	case secret == "":
		r.add(keySecretKey, noSecretKey)
	case strings.ContainsFunc(secret, unicode.IsControl):
		r.add(keySecretKey, secretKeyLine)
	case strings.ContainsFunc(secret, invisible):
		r.add(keySecretKey, unseen)
	}
	return NewSecret(secret)
}

// invisible says whether c is a format character: zero-width spaces, byte order
// marks and the like, which web pages put into what is copied from them.
func invisible(c rune) bool { return unicode.Is(unicode.Cf, c) }

// signingSecret reads a key of contact points' signatures, as it is.
func (r *reader) signingSecret(key, secret string) Secret {
	if secret != "" && strings.TrimSpace(secret) == "" {
		r.add(key, blankSecret)
	}
	return NewSecret(secret)
}

// grafanaToken reads the token for Grafana's API; space around it comes from copying.
func (r *reader) grafanaToken(secret string) Secret {
	secret = strings.TrimSpace(secret)
	if strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		r.add(keyGrafanaToken, notToken)
	}
	return NewSecret(secret)
}
