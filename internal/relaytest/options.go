package relaytest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// appKey is what the user names of the relay begin with.
const appKey = "AppKey"

// Options is how a relay behaves. The zero value is the guide's service with
// the guide's credentials.
type Options struct {
	SecretKey string // "SecretKey" when empty

	Address        string   // the IP to listen on; 127.0.0.1 when empty
	STARTTLSPort   int      // 0 takes any free port
	TLSWrapperPort int      // 0 takes any free port
	Names          []string // further names and IPs in the certificate

	// MaxConnections is how many connections are served at a time; the next
	// one gets 421 in place of the greeting. 0 is no cap.
	MaxConnections int
	// MaxRecipients is how many recipients a transaction takes; the next ones
	// get TooMany. 0 is no cap.
	MaxRecipients int
	TooMany       string // "452 4.5.3 Error: too many recipients" when empty
	// RTT is the round trip between client and relay. Every byte takes RTT/2,
	// in order and however it was batched, and a TCP connect takes a whole
	// round trip before the client's first byte counts, as on a real link:
	// the greeting arrives two round trips after the dial began.
	RTT time.Duration
	// Discard keeps neither mails nor what was said: only the counters run.
	Discard bool
	// OnMail sees each accepted mail before its 250 goes out, on the
	// session's goroutine. With Discard its Data is valid during the call only.
	OnMail func(Mail)

	// Certificate is what the relay shows; Valid when empty.
	Certificate Certificate
	// MaxTLS is the highest version spoken, such as tls.VersionTLS11; 0 is
	// the newest. Below 1.2 the relay also accepts everything down to 1.0.
	MaxTLS uint16

	StripSTARTTLS bool // STARTTLS neither offered nor known
	RefuseTLS     bool // STARTTLS answered with 454, TLS wrapper connections closed
	NoPIPELINING  bool // PIPELINING not offered

	// Capabilities and CapabilitiesTLS replace the EHLO lines after the first,
	// before and under TLS; nil is the guide's list less the switches above.
	// What they do not offer is not accepted either.
	Capabilities    []string
	CapabilitiesTLS []string
}

func (o Options) withDefaults() Options {
	o.SecretKey = cmp.Or(o.SecretKey, "SecretKey")
	o.Address = cmp.Or(o.Address, "127.0.0.1")
	o.TooMany = cmp.Or(o.TooMany, "452 4.5.3 Error: too many recipients")
	o.Certificate = cmp.Or(o.Certificate, Valid)
	return o
}

// capabilities lists the EHLO lines after the first, in the guide's order. The
// guide shows them before TLS; STARTTLS is never offered again under TLS
// (RFC 3207 section 4.2).
func (o *Options) capabilities(secure bool) []string {
	if secure && o.CapabilitiesTLS != nil {
		return o.CapabilitiesTLS
	}
	if !secure && o.Capabilities != nil {
		return o.Capabilities
	}
	lines := []string{"PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "STARTTLS", "AUTH LOGIN PLAIN", "AUTH=LOGIN PLAIN"}
	return slices.DeleteFunc(lines, func(line string) bool {
		return line == "PIPELINING" && o.NoPIPELINING || line == "STARTTLS" && (secure || o.StripSTARTTLS)
	})
}

// mechanisms lists the SASL mechanisms named in EHLO lines, in either form of
// the AUTH line.
func mechanisms(lines []string) []string {
	var all []string
	for _, line := range lines {
		line = strings.ToUpper(line)
		if rest, ok := strings.CutPrefix(line, "AUTH"); ok && rest != "" && strings.ContainsRune(" =", rune(rest[0])) {
			all = append(all, strings.Fields(rest[1:])...)
		}
	}
	return all
}

func offers(lines []string, keyword string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.EqualFold(line, keyword) })
}
