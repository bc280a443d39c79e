package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// hint says what a person can do about a session that could not be opened.
func hint(c *Config, e *Error) string {
	switch {
	case e.Hint != "":
		return e.Hint
	case e.Class == Cancelled:
		return ""
	case e.Class == Unavailable:
		return "The relay has no room for this connection now. The mail is tried again; if this persists, lower maxConnections."
	case refusesEHLOName(e):
		return "The relay refuses the name by which the plugin greets it in EHLO: set ehloName to this machine's full name in DNS, such as grafana.example.com."
	}
	switch e.Stage {
	case StageDial:
		return dialHint(c, e)
	case StageGreeting:
		return greetingHint(c, e)
	case StageEHLO, StageEHLOTLS:
		return ehloHint(c, e)
	case StageSTARTTLS:
		return "Mail and credentials are sent over TLS only. Use a TLS wrapper port (portMode tlsWrapper, 465 or 2465), and check that no firewall or proxy on the way alters SMTP."
	case StageTLS:
		return tlsHint(c, e)
	case StageAuth:
		return authHint(c, e)
	case StageMail:
		switch {
		case e.Class == Refused:
			return authHint(c, e)
		case !e.Temporary() && e.Code != 552: // which is about room
			return "Check fromAddress: the relay takes no mail from this sender."
		}
	}
	return ""
}

func dialHint(c *Config, e *Error) string {
	var dns *net.DNSError
	switch {
	case errors.As(e.Err, &dns):
		return fmt.Sprintf("The name %s cannot be resolved: check host and this machine's DNS.", c.Host)
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return fmt.Sprintf("Nothing listens on %s: check host and port.", c.address())
	case e.Timeout() && c.Port == 25:
		return "A firewall or the cloud provider may block port 25: try 587 or 2587 (STARTTLS), or 465 or 2465 (TLS wrapper)."
	case e.Timeout():
		return fmt.Sprintf("A firewall may block connections to port %d: allow them, or try another port.", c.Port)
	}
	return "Check that this machine can reach " + c.address() + "."
}

func greetingHint(c *Config, e *Error) string {
	switch {
	case e.Class == Refused:
		return "The relay does not serve this client: check that its address may use the service."
	case e.Class == Network && c.Mode == nhncloud.STARTTLS:
		return fmt.Sprintf("The connection stands but no greeting came. If port %d is a TLS wrapper port (465, 2465), set portMode to tlsWrapper; else a firewall or proxy on the way may swallow it.", c.Port)
	}
	return fmt.Sprintf("Check that %s is an SMTP relay.", c.address())
}

// refusesEHLOName says whether the relay speaks of the name in EHLO. Most wait
// with that until RCPT, as Postfix does (smtpd_delay_reject).
func refusesEHLOName(e *Error) bool {
	switch e.Code {
	case 0, 500, 502, 503: // the command is unknown, or missing
		return false
	}
	words := strings.ToLower(e.Text)
	return strings.Contains(words, "helo") || strings.Contains(words, "ehlo")
}

func ehloHint(c *Config, e *Error) string {
	switch {
	case e.Code == 500 || e.Code == 502:
		return fmt.Sprintf("%s does not know EHLO: check that it is an SMTP relay, and that no firewall or proxy on the way alters SMTP.", c.address())
	case e.Class == Refused:
		return "The relay refuses this client at EHLO: set ehloName to this machine's full name in DNS, such as grafana.example.com, and check that its address may use the service."
	}
	return ""
}

func tlsHint(c *Config, e *Error) string {
	var (
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(e.Err, &record) && c.Mode == nhncloud.TLSWrapper:
		return fmt.Sprintf("Port %d answers in plain text: it is probably a STARTTLS port (25, 587, 2587). Set portMode to starttls, or use 465 or 2465.", c.Port)
	case errors.As(e.Err, &record):
		return "What followed STARTTLS was not TLS: check that no firewall or proxy on the way alters SMTP, or use a TLS wrapper port (465, 2465)."
	case errors.As(e.Err, &authority):
		return "The certificate is signed by an authority that this machine does not trust. If the relay is your own, give its CA certificate (tlsAuthWithCACert, tlsCACert)."
	case errors.As(e.Err, &name) && len(name.Certificate.DNSNames)+len(name.Certificate.IPAddresses) == 0:
		return fmt.Sprintf("The certificate names no host in its subject alternative names (SAN), and TLS clients do not read its Common Name: have it issued again with %s as a SAN.", c.TLS.ServerName)
	case errors.As(e.Err, &name):
		return fmt.Sprintf("The certificate is not for %s: check host, or set serverName to a name the certificate carries.", c.TLS.ServerName)
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired:
		return "The certificate has expired or is not valid yet: check this machine's clock, and tell the relay's operator."
	case errors.As(e.Err, &verify):
		return "The relay's certificate cannot be verified: check host, serverName and tlsCACert."
	case strings.Contains(e.Err.Error(), "protocol version"):
		return "The relay offers no TLS version that is safe: TLS 1.2 or later is needed."
	case sharesNoCipherSuite(e.Err):
		return "The relay speaks TLS, but no cipher suite that this client offers: often it has RSA key exchange only, which is not safe. In the relay's settings, allow ECDHE cipher suites (such as ECDHE-RSA-AES128-GCM-SHA256) or TLS 1.3."
	case remoteAlert(e.Err) == "unrecognized name":
		return fmt.Sprintf("The relay has no certificate for %s: check host and serverName.", c.TLS.ServerName)
	case remoteAlert(e.Err) != "":
		return "The relay speaks TLS, and broke off the handshake: its own log says why."
	case e.Class == Network:
		return "The relay did not complete the TLS handshake: check that no firewall or proxy on the way holds it up, or try another port."
	}
	return "Check that " + c.address() + " speaks TLS 1.2 or later."
}

// sharesNoCipherSuite says whether client and relay found no cipher suite that
// both allow. Some relays choose one that was not offered.
func sharesNoCipherSuite(err error) bool {
	switch remoteAlert(err) {
	case "handshake failure", "insufficient security":
		return true
	}
	return strings.Contains(err.Error(), "unconfigured cipher suite")
}

// remoteAlert is the TLS alert by which the relay ended the handshake (RFC 8446
// section 6.2), in the words of crypto/tls, which keeps its type to itself;
// empty if there was none.
func remoteAlert(err error) string {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return ""
	}
	return strings.TrimPrefix(op.Err.Error(), "tls: ")
}

func authHint(c *Config, e *Error) string {
	switch {
	case e.Class != Refused:
		return ""
	case e.Code == 0:
		return "Check that host is the right relay and that authMechanism is one it offers."
	case e.Code == 534 || e.Code == 538 || e.Code == 504:
		return "The relay does not take this mechanism: try another authMechanism."
	}
	return "Check the AppKey and SecretKey in the NHN Cloud console (Notification > Email): that it is the AppKey of Email, not of another service, and that Email is enabled for it."
}

// brokenConnection says whether err is the connection's, and not TLS's, fault.
func brokenConnection(err error) bool {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), isTimeout(err):
		return true
	case errors.As(err, &op):
		// crypto/tls reports alerts as "remote error" and "local error".
		return op.Op == "read" || op.Op == "write"
	}
	return false
}
