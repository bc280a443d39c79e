package settings

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// host reads a host name, in A-labels, or an IP address. A trailing dot is
// dropped: a certificate's name has none.
func (r *reader) host(key, unset string) string {
	s := r.line(key)
	if s == "" {
		return unset
	}
	// A URL may carry a password, so it is not repeated.
	if strings.ContainsAny(s, "/@") {
		r.add(key, "%s is a URL or an address; it must be a host name or IP address, without scheme, user and port", key)
		return unset
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if ip, err := netip.ParseAddr(bare); err == nil && ip.Zone() == "" {
		return ip.String()
	}
	name, err := address.Domain(strings.TrimSuffix(s, "."))
	if err != nil {
		r.add(key, "%s is %s; it must be a host name or IP address, without scheme and port", key, held(s))
		return unset
	}
	return name
}

// ehloName reads the name that the relay is greeted with. An IP address becomes
// an address literal (RFC 5321 section 4.1.3).
func (r *reader) ehloName() string {
	name := r.host("ehloName", "")
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
	port := r.number("port", ports[0], 1, 65_535)
	if r.wrong["host"] || r.wrong["portMode"] || r.wrong["port"] || !nhncloud.IsHost(host) || nhncloud.Offers(mode, port) {
		return port
	}
	numbers := make([]string, len(ports))
	for i, p := range ports {
		numbers[i] = strconv.Itoa(p)
	}
	remedy := ""
	for _, other := range nhncloud.PortModes() {
		if nhncloud.Offers(other, port) {
			remedy = "; set portMode to " + strconv.Quote(string(other)) + " for " + strconv.Itoa(port)
		}
	}
	r.add("port", "port is %d, but with portMode %q %s listens on %s%s", port, string(mode), nhncloud.Host, or(numbers), remedy)
	return port
}

// serviceURL reads the address of the service's API. It must be https, except on this
// machine, since the SecretKey is sent there.
func (r *reader) serviceURL(unset string) string {
	const key = "serviceUrl"
	s := strings.TrimRight(r.line(key), "/")
	if s == "" {
		return unset
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(s, "?#"): // not quoted, for it may hold a password
		r.add(key, "serviceUrl is not the address of an API; it must be an https URL without user, query and fragment, such as %s", nhncloud.API)
	case u.Scheme != "https" && (u.Scheme != "http" || !onThisMachine(u.Hostname())):
		r.add(key, "serviceUrl is %s; it must be an https URL, since the SecretKey is sent there", held(s))
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
		r.add(key, "grafanaUrl is not the address of Grafana; it must be an http or https URL without user, query and fragment, such as http://localhost:3000")
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
	case r.wrong[key]:
	case s == "":
		r.add(key, "appKey is missing; copy it from the NHN Cloud console")
	case strings.Contains(s, "#"):
		r.add(key, `appKey holds "#"; write the AppKey alone and choose the type with mailType`)
	case strings.ContainsFunc(s, unicode.IsSpace):
		r.add(key, "appKey holds a space; write the AppKey alone")
	case strings.ContainsFunc(s, invisible):
		r.add(key, "appKey holds an invisible character, which comes from copying; type it, or copy it as plain text")
	}
	return s
}

// secretKey reads the SecretKey; space around it comes from copying.
func (r *reader) secretKey(secret string) Secret {
	secret = strings.TrimSpace(secret)
	switch {
	case secret == "":
		r.add(keySecretKey, "secretKey is missing; copy it from the NHN Cloud console and set it in secureJsonData")
	case strings.ContainsFunc(secret, unicode.IsControl):
		r.add(keySecretKey, "secretKey holds a line break or another control character; copy it again from the NHN Cloud console")
	case strings.ContainsFunc(secret, invisible):
		r.add(keySecretKey, "secretKey holds an invisible character, which comes from copying; type it, or copy it as plain text")
	}
	return NewSecret(secret)
}

// invisible says whether c is a format character: zero-width spaces, byte order
// marks and the like, which web pages put into what is copied from them.
func invisible(c rune) bool { return unicode.Is(unicode.Cf, c) }

// webhookSecret reads the key of the contact point's signature, as it is.
func (r *reader) webhookSecret(secret string) Secret {
	if secret != "" && strings.TrimSpace(secret) == "" {
		r.add(keyWebhookSecret, "webhookSecret is blank, which anyone can guess; set a long random one, or remove it")
	}
	return NewSecret(secret)
}

// grafanaToken reads the token for Grafana's API; space around it comes from copying.
func (r *reader) grafanaToken(secret string) Secret {
	secret = strings.TrimSpace(secret)
	if strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		r.add(keyGrafanaToken, "grafanaToken is not a token; copy the one of a service account from Grafana")
	}
	return NewSecret(secret)
}
