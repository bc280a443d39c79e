package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// Bounds of the numbers.
const (
	maxConnections           = 50
	maxMessagesPerConnection = 10_000
	maxTimeoutSeconds        = 60
	maxMessagesPerMinute     = 100_000
	maxDedupeSeconds         = 86_400
	maxDNSName               = 200 // of the 253 octets of a name, leaves room for a domain
)

// The keys of secureJsonData.
const (
	keySecretKey     = "secretKey"
	keyWebhookSecret = "webhookSecret"
	keyTLSCACert     = "tlsCACert"
	keyGrafanaToken  = "grafanaToken"
)

// Load reads and validates a data source. Keys it does not know are Grafana's
// own and ignored. The error is an *Error with every problem at once.
func Load(jsonData []byte, secure map[string]string) (Settings, error) {
	values, err := decode(jsonData)
	if err != nil {
		return Settings{}, &Error{Problems: []string{err.Error()}}
	}
	r := &reader{values: values, wrong: map[string]bool{}}
	d := Defaults()
	var s Settings

	s.Host = r.host("host", d.Host)
	s.PortMode = choice(r, "portMode", d.PortMode, nhncloud.PortModes())
	s.Port = r.port(s.Host, s.PortMode)
	s.AuthMechanism = choice(r, "authMechanism", d.AuthMechanism, AuthMechanisms())
	s.AppKey = r.appKey()
	s.MailType = choice(r, "mailType", d.MailType, nhncloud.MailTypes())

	s.From = r.from()
	s.DKIMSelector = r.dnsName("dkimSelector", d.DKIMSelector)
	s.SPFInclude = r.dnsName("spfInclude", d.SPFInclude)
	s.ReplyTo = r.address("replyTo")
	s.To = recipients(r, "to", address.Parse)
	s.Cc = recipients(r, "cc", address.Parse)
	s.Bcc = recipients(r, "bcc", address.Parse)
	s.AllowedRecipients = recipients(r, "allowedRecipients", address.ParsePattern)
	s.RecipientMode = choice(r, "recipientMode", d.RecipientMode, RecipientModes())

	s.Language = choice(r, "language", d.Language, Languages())
	s.Location = r.location("timezone", d.Location)
	s.StableSubject = r.flag("stableSubject")
	s.SubjectTemplate = r.text("subjectTemplate")
	s.TextTemplate = r.text("textTemplate")
	s.HTMLTemplate = r.text("htmlTemplate")

	s.Advertiser = r.advertiser(s.MailType)

	s.MaxConnections = r.number("maxConnections", d.MaxConnections, 1, maxConnections)
	s.MessagesPerConnection = r.number("messagesPerConnection", d.MessagesPerConnection, 1, maxMessagesPerConnection)
	s.Timeout = r.seconds("timeoutSeconds", d.Timeout, 1, maxTimeoutSeconds)
	s.MessagesPerMinute = r.number("messagesPerMinute", d.MessagesPerMinute, 0, maxMessagesPerMinute)
	s.Dedupe = r.seconds("dedupeSeconds", d.Dedupe, 0, maxDedupeSeconds)

	s.ServerName = r.host("serverName", d.ServerName)
	s.TLSSkipVerify = r.flag("tlsSkipVerify")
	if r.flag("tlsAuthWithCACert") {
		s.RootCAs = r.rootCAs(secure[keyTLSCACert])
	}
	s.SOCKSProxy = r.flag("enableSecureSocksProxy")
	s.EHLOName = r.ehloName()

	s.ServiceResults = r.flag("serviceResults")
	s.ServiceURL = r.serviceURL(d.ServiceURL)

	s.Charts = r.flagOr("charts", d.Charts)
	s.GrafanaURL = r.grafanaURL()

	for _, key := range []string{keySecretKey, keyWebhookSecret, keyTLSCACert, keyGrafanaToken} {
		if r.value(key) != nil {
			r.add(key, "%s stands in jsonData, where everyone who sees the data source can read it; move it to secureJsonData", key)
		}
	}
	s.SecretKey = r.secretKey(secure[keySecretKey])
	s.WebhookSecret = r.webhookSecret(secure[keyWebhookSecret])
	s.GrafanaToken = r.grafanaToken(secure[keyGrafanaToken])

	if r.problems != nil {
		return Settings{}, &Error{Problems: r.problems}
	}
	return s, nil
}

// decode reads jsonData; nothing and null are an empty object. Its error
// quotes none of the data.
func decode(jsonData []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(jsonData)) == 0 {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(jsonData))
	dec.UseNumber()
	var values map[string]any
	if err := dec.Decode(&values); err != nil {
		return nil, errors.New("jsonData is not a JSON object; see the data source's provisioning file")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("jsonData is more than one JSON object; see the data source's provisioning file")
	}
	return values, nil
}
