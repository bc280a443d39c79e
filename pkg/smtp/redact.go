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

func newRedactor(userName, password string) redactor {
	if password == "" {
		return redactor{}
	}
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + userName + "\x00" + password))
	login := base64.StdEncoding.EncodeToString([]byte(password))
	return redactor{
		secrets: regexp.MustCompile("(?i)" + regexp.QuoteMeta(strings.TrimRight(plain, "=")) + "=*|" +
			regexp.QuoteMeta(strings.TrimRight(login, "=")) + "=*|" + regexp.QuoteMeta(failure.Printable(password))),
		responses: strings.ToLower(plain + " " + login),
		shortest:  min(len(password), 8),
	}
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
