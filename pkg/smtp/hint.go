package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// hint says what a person can do about a session that could not be opened.
func hint(c *Config, e *Error) failure.Hint {
	switch {
	case e.ID != "":
		return e.Hint
	case e.Code == failure.Cancelled:
		return failure.Hint{}
	case e.Code == failure.Closing:
		return failure.NoRoom.With()
	case refusesEHLOName(e):
		return failure.EHLOName.With()
	}
	switch e.Stage {
	case StageDial:
		return dialHint(c, e)
	case StageGreeting:
		return greetingHint(c, e)
	case StageEHLO, StageEHLOTLS:
		return ehloHint(c, e)
	case StageSTARTTLS:
		return failure.STARTTLS.With()
	case StageTLS:
		return tlsHint(c, e)
	case StageAuth:
		return authHint(c, e)
	case StageMail:
		switch {
		case e.Code == failure.Refused:
			return authHint(c, e)
		case !e.Temporary() && e.Reply.Code != 552: // which is about room
			return failure.Sender.With()
		}
	}
	return failure.Hint{}
}

func dialHint(c *Config, e *Error) failure.Hint {
	var dns *net.DNSError
	switch {
	case errors.As(e.Err, &dns):
		return failure.DNS.With("host", c.Host)
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return failure.Nobody.With("address", c.address())
	case e.Code == failure.Timeout && c.Port == 25:
		return failure.Port25.With()
	case e.Code == failure.Timeout:
		return failure.Firewall.With("port", strconv.Itoa(c.Port))
	}
	return failure.Unreachable.With("address", c.address())
}

func greetingHint(c *Config, e *Error) failure.Hint {
	switch {
	case e.Code == failure.Refused:
		return failure.Client.With()
	case (e.Code == failure.Network || e.Code == failure.Timeout) && c.Mode == nhncloud.STARTTLS:
		return failure.NoGreeting.With("port", strconv.Itoa(c.Port))
	}
	return failure.NoRelay.With("address", c.address())
}

// refusesEHLOName says whether the relay speaks of the name in EHLO. Most wait
// with that until RCPT, as Postfix does (smtpd_delay_reject).
func refusesEHLOName(e *Error) bool {
	switch e.Reply.Code {
	case 0, 500, 502, 503: // the command is unknown, or missing
		return false
	}
	words := strings.ToLower(e.Reply.Text)
	return strings.Contains(words, "helo") || strings.Contains(words, "ehlo")
}

func ehloHint(c *Config, e *Error) failure.Hint {
	switch {
	case e.Reply.Code == 500 || e.Reply.Code == 502:
		return failure.NoEHLO.With("address", c.address())
	case e.Code == failure.Refused:
		return failure.EHLO.With()
	}
	return failure.Hint{}
}

func tlsHint(c *Config, e *Error) failure.Hint {
	var (
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(e.Err, &record) && c.Mode == nhncloud.TLSWrapper:
		return failure.PlainPort.With("port", strconv.Itoa(c.Port))
	case errors.As(e.Err, &record):
		return failure.NotTLS.With()
	case errors.As(e.Err, &authority):
		return failure.Authority.With()
	case errors.As(e.Err, &name) && len(name.Certificate.DNSNames)+len(name.Certificate.IPAddresses) == 0:
		return failure.NoSAN.With("name", c.TLS.ServerName)
	case errors.As(e.Err, &name):
		return failure.Name.With("name", c.TLS.ServerName)
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired:
		return failure.Expired.With()
	case errors.As(e.Err, &verify):
		return failure.Certificate.With()
	case strings.Contains(e.Err.Error(), "protocol version"):
		return failure.OldTLS.With()
	case sharesNoCipherSuite(e.Err):
		return failure.CipherSuites.With()
	case remoteAlert(e.Err) == "unrecognized name":
		return failure.NoCertificate.With("name", c.TLS.ServerName)
	case remoteAlert(e.Err) != "":
		return failure.BrokenOff.With()
	case e.Code == failure.Network || e.Code == failure.Timeout:
		return failure.TLSHeldUp.With()
	}
	return failure.SpeaksTLS.With("address", c.address())
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

func authHint(c *Config, e *Error) failure.Hint {
	switch {
	case e.Code != failure.Refused:
		return failure.Hint{}
	case e.Reply.Code == 0:
		return failure.NoAuth.With()
	case e.Reply.Code == 534 || e.Reply.Code == 538 || e.Reply.Code == 504:
		return failure.Mechanism.With()
	}
	return failure.Credentials.With()
}

// brokenConnection says whether err is the connection's, and not TLS's, fault.
func brokenConnection(err error) bool {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return true
	case errors.As(err, &op):
		// crypto/tls reports alerts as "remote error" and "local error".
		return op.Op == "read" || op.Op == "write"
	}
	return false
}
