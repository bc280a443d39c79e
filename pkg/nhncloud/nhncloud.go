// Package nhncloud holds the facts of the NHN Cloud Email SMTP service: where
// it listens, how it authenticates and which mail types it knows. The source
// is the service's SMTP guide.
package nhncloud

import (
	"slices"
	"strings"
)

// Host is the SMTP domain of the service.
const Host = "smtp-mail.nhncloudservice.com"

// API is the address of the service's REST API.
const API = "https://email.api.nhncloudservice.com"

// AdMarks lists the marks, one of which the subject of a mail of type ad begins with.
// The service's API and console demand it; of SMTP its guide says nothing.
var AdMarks = []string{"(광고)", "(AD)", "(広告)"}

// PortMode is how TLS begins on a port.
type PortMode string

const (
	// STARTTLS upgrades a plain connection (RFC 3207).
	STARTTLS PortMode = "starttls"
	// TLSWrapper speaks TLS from the first byte (RFC 8314, implicit TLS).
	TLSWrapper PortMode = "tlsWrapper"
)

// PortModes lists the modes, the default first.
func PortModes() []PortMode { return []PortMode{STARTTLS, TLSWrapper} }

// Ports lists the ports the service offers in a mode, the default first; nil
// for an unknown mode.
func Ports(mode PortMode) []int {
	switch mode {
	case STARTTLS:
		return []int{587, 25, 2587}
	case TLSWrapper:
		return []int{465, 2465}
	}
	return nil
}

// Offers says whether the service listens on port in the given mode.
func Offers(mode PortMode, port int) bool { return slices.Contains(Ports(mode), port) }

// Endpoint is one port of the service and its mode.
type Endpoint struct {
	Mode PortMode
	Port int
}

// Endpoints lists every port of the service.
func Endpoints() []Endpoint {
	var all []Endpoint
	for _, mode := range PortModes() {
		for _, port := range Ports(mode) {
			all = append(all, Endpoint{Mode: mode, Port: port})
		}
	}
	return all
}

// MailType is the purpose of a mail, told to the service with the user name.
type MailType string

const (
	// Unset sends the bare AppKey; the service takes it as Normal.
	Unset MailType = ""
	// Normal is ordinary mail.
	Normal MailType = "normal"
	// Auth is mail that carries a one-time code or the like.
	Auth MailType = "auth"
	// Ad is advertising; it has rules of its own (see AdMarks).
	Ad MailType = "ad"
)

// OneRecipient says whether a mail of this type goes to one recipient and carries no
// attachments. The service's API demands it; of SMTP its guide says nothing.
func (t MailType) OneRecipient() bool { return t == Auth }

// TakenAs is the type that the service takes a mail for.
func (t MailType) TakenAs() MailType {
	if t == Unset {
		return Normal
	}
	return t
}

// MailTypes lists the types that can be named.
func MailTypes() []MailType { return []MailType{Normal, Auth, Ad} }

// UserName is the SASL user name: "AppKey", or "AppKey#type".
func UserName(appKey string, t MailType) string {
	if t == Unset {
		return appKey
	}
	return appKey + "#" + string(t)
}

// IsHost says whether host is the service's own.
func IsHost(host string) bool {
	return strings.EqualFold(strings.TrimSuffix(host, "."), Host)
}
