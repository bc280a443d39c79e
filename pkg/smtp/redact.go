package smtp

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// A redactor takes the credentials out of a relay's words, which end up in logs
// and in the delivery log: relays quote the commands that they refuse.
type redactor struct {
	secrets   *regexp.Regexp // the password and the responses to AUTH; nil without a password
	responses string         // in lower case
	shortest  int            // what is shorter gives nothing away
}

const redacted = "[redacted]"

// base64Words are runs that may be a piece of a response.
var base64Words = regexp.MustCompile(`[A-Za-z0-9+/]{8,}=*`)

// newRedactor makes a redactor of the password.
func newRedactor(userName, password string) redactor {
	return redactorOf([]string{password}, "\x00"+userName+"\x00"+password, password)
}

// dialogueRedactor makes one that leaves out the user name, too: nobody who reads a
// dialogue needs it.
func dialogueRedactor(userName, password string) redactor {
	appKey, _, _ := strings.Cut(userName, "#")
	return redactorOf([]string{password, userName, appKey}, "\x00"+userName+"\x00"+password, password, userName, appKey)
}

// redactorOf makes a redactor of words and of the responses to AUTH that are made
// of them.
func redactorOf(words []string, responses ...string) redactor {
	if words[0] == "" {
		return redactor{}
	}
	r := redactor{shortest: 8}
	var secrets []string
	for _, response := range responses {
		encoded := base64.StdEncoding.EncodeToString([]byte(response))
		secrets = append(secrets, regexp.QuoteMeta(strings.TrimRight(encoded, "="))+"=*")
		r.responses += strings.ToLower(encoded) + " "
	}
	for _, word := range words {
		secrets = append(secrets, regexp.QuoteMeta(failure.Printable(word)))
		r.shortest = min(r.shortest, len(word))
	}
	r.secrets = regexp.MustCompile("(?i)" + strings.Join(secrets, "|"))
	return r
}

// redactReply takes the credentials out of what readReply returned.
func (r redactor) redactReply(reply Reply, err error) (Reply, error) {
	reply.Text = r.redact(reply.Text)
	if m, ok := errors.AsType[malformed](err); ok {
		err = malformed{m.reason, r.redact(m.line)}
	}
	return reply, err
}

// redact takes the credentials out of a text, whatever their case, plain or as a
// response to AUTH. A piece of such a response gives them away, too.
func (r redactor) redact(text string) string {
	if r.secrets == nil || len(text) < r.shortest {
		return text
	}
	text = r.secrets.ReplaceAllLiteralString(text, redacted)
	return base64Words.ReplaceAllStringFunc(text, func(word string) string {
		if strings.Contains(r.responses, strings.ToLower(word)) {
			return redacted
		}
		return word
	})
}
