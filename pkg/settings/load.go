package settings

import (
	"bytes"
	"encoding/json"
	"io"
)

// The keys of secureJsonData.
const (
	keySecretKey     = "secretKey"
	keyWebhookSecret = "webhookSecret"
	keyTLSCACert     = "tlsCACert"
	keyGrafanaToken  = "grafanaToken"
)

// secretKeys lists them.
var secretKeys = []string{keySecretKey, keyWebhookSecret, keyTLSCACert, keyGrafanaToken}

// standIn takes the place of a secret that is set and not known. It is no
// certificate's and no key's text.
const standIn = "(a-secret-that-is-set)"

// Load reads and validates a data source. Keys it does not know are Grafana's
// own and ignored. The error is an *Error with every problem at once. What is wrong in a
// profile is no error, for it must not keep the mail of the others from them: it is as if
// left out there, and is in ProfileProblems.
func Load(jsonData []byte, secure map[string]string) (Settings, error) {
	r, err := newReader(jsonData, secure)
	if err != nil {
		return Settings{}, err
	}
	s := r.settings()
	if r.problems != nil {
		return Settings{}, &Error{Problems: r.problems}
	}
	return s, nil
}

// Check returns what jsonData means, and what is wrong with it, for a data source in which
// the secrets of these keys are set. What the secrets are plays no part.
func Check(jsonData []byte, set []string) (Settings, []Problem) {
	secure := make(map[string]string, len(set))
	for _, key := range set {
		secure[key] = standIn
	}
	r, err := newReader(jsonData, secure)
	if err != nil {
		return Settings{}, err.Problems
	}
	s := r.settings()
	return s, append(r.problems, s.ProfileProblems...)
}

// Defaults are the values of the keys that are unset.
func Defaults() Settings { return new(reader).settings() }

// settings reads every key.
func (r *reader) settings() (s Settings) {
	r.relay(&s)
	r.mail(&s)
	s.StableSubject = r.flag("stableSubject")
	s.DKIMSelector = r.dnsName("dkimSelector")
	s.SPFInclude = r.dnsName("spfInclude")
	s.Advertiser = r.advertiser(s.MailType)
	r.pace(&s)
	r.tls(&s)
	r.service(&s)
	r.grafana(&s)
	r.secrets(&s)
	r.profiles(&s)
	return s
}

// newReader reads jsonData; nothing and null are an empty object. Its error quotes
// none of the data.
func newReader(jsonData []byte, secure map[string]string) (*reader, *Error) {
	r := &reader{secure: secure}
	if len(bytes.TrimSpace(jsonData)) == 0 {
		return r, nil
	}
	dec := json.NewDecoder(bytes.NewReader(jsonData))
	dec.UseNumber()
	if err := dec.Decode(&r.values); err != nil {
		return nil, &Error{Problems: []Problem{NewProblem("", notObject)}}
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, &Error{Problems: []Problem{NewProblem("", moreObjects)}}
	}
	return r, nil
}
