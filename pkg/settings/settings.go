// Package settings turns a data source's jsonData and secureJsonData into one
// validated Settings. Every message names the key, what it holds and what it
// must be; none holds a secret.
package settings

import (
	"crypto/x509"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// MaxRecipients is the most mailboxes one notification may go to.
var MaxRecipients = properties["to"].MaxItems

// AuthMechanism chooses the SASL mechanism.
type AuthMechanism string

const (
	// AuthAuto takes PLAIN where the relay offers it, else LOGIN.
	AuthAuto AuthMechanism = "auto"
	// AuthPlain is PLAIN (RFC 4616) only.
	AuthPlain AuthMechanism = "plain"
	// AuthLogin is LOGIN only.
	AuthLogin AuthMechanism = "login"
)

// RecipientMode is how the recipients of one notification share mails.
type RecipientMode string

const (
	// Single is one mail with every recipient in its header.
	Single RecipientMode = "single"
	// Individual is one mail for each recipient.
	Individual RecipientMode = "individual"
	// Undisclosed is one mail whose header names no recipient.
	Undisclosed RecipientMode = "undisclosed"
)

// RecipientModes lists the modes, the default first.
func RecipientModes() []RecipientMode { return words[RecipientMode]("recipientMode") }

// Languages lists the languages a mail can be written in, the default first.
func Languages() []string { return words[string]("language") }

// Settings is a data source, validated.
type Settings struct {
	Host          string
	PortMode      nhncloud.PortMode
	Port          int
	AuthMechanism AuthMechanism

	AppKey   string
	MailType nhncloud.MailType

	From         address.Address // fromAddress and fromName
	DKIMSelector string          // of the DKIM key of From's domain
	SPFInclude   string          // what the SPF record of that domain must include
	ReplyTo      *address.Address
	To           []address.Address
	Cc           []address.Address
	Bcc          []address.Address

	AllowedRecipients []address.Pattern
	AllowedTeams      []string // "team:" entries of allowedRecipients: names of Grafana's teams, "*" is any
	RecipientMode     RecipientMode

	Language string // "en", "ja" or "ko"
	Location *time.Location

	// StableSubject has behind the state only the labels of the group in the
	// built-in subject, for mail readers that thread by subject.
	StableSubject   bool
	SubjectTemplate string
	TextTemplate    string
	HTMLTemplate    string

	Advertiser Advertiser // required for mail type ad

	MaxConnections        int
	MessagesPerConnection int           // then another takes its place
	Timeout               time.Duration // of each stage of a session
	MessagesPerMinute     int           // 0: no limit
	Dedupe                time.Duration
	MaxPerRecipient       int      // mails to one in an hour; 0: no limit
	BrakeExempt           []string // severities whose alerts are mailed beyond that

	ServerName    string // the name the certificate must carry; Host when empty
	TLSSkipVerify bool
	RootCAs       *x509.CertPool // nil: the system's
	SOCKSProxy    bool           // enableSecureSocksProxy
	EHLOName      string         // empty: chosen by package smtp

	ServiceResults bool   // queries may ask the service's API
	ServiceURL     string // the address of that API, without a slash at its end

	Charts     bool   // mail shows charts of what the rules of alerts ask for, where there is a token
	GrafanaURL string // the address of Grafana's API, without a slash at its end; empty: Grafana's own

	SecretKey     Secret
	WebhookSecret Secret // verifies alerts whose URL has no keyId
	// ContactPointSecrets verify the alerts of single contact points, by the keyId of their URL.
	ContactPointSecrets map[string]Secret
	GrafanaToken        Secret // for Grafana's API

	// ProfileName is the name of the profile that these are the settings of; empty: the
	// data source's own. ProfileKey is where jsonData has it: "profiles[2]".
	ProfileName, ProfileKey string
	Headers                 []Field // further ones, in the order of their names
	Digest                  *Digest // nil: mail is sent at once

	// Profiles are the settings of each profile that has a name.
	Profiles []*Settings
	// ProfileProblems are what is wrong with the profiles, or with this one.
	ProfileProblems []Problem
}

// Advertiser is what mail of type ad must say of its sender, by the rules of
// the service's console.
type Advertiser struct {
	Name    string // adSenderName
	Address string // adSenderAddress: postal address and telephone, one line or several
	Unsubscribe
}

// Unsubscribe is how a reader stops ad mail; one of the two is required.
type Unsubscribe struct {
	URL     string           // unsubscribeUrl: https, one click (RFC 8058)
	Mailbox *address.Address // unsubscribeAddress: a mail to it unsubscribes
}

// UserName is the SASL user name for mail of type t.
func (s Settings) UserName(t nhncloud.MailType) string { return nhncloud.UserName(s.AppKey, t) }
