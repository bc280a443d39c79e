package smtp

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Said is whose words a line of a dialogue is.
type Said string

// The lines of a dialogue.
const (
	Sent     Said = "sent"     // a command; of a mail's content, how much it is
	Received Said = "received" // a reply
	Event    Said = "event"    // what happened to the connection
)

// dialogue tells what is said in one session. The zero dialogue tells nobody.
type dialogue struct {
	tell     func(ctx context.Context, session int64, said Said, text string)
	session  int64
	redactor redactor
}

var sessions atomic.Int64 // opened by this process

// newDialogue makes the dialogue of a session.
func newDialogue(c *Config) dialogue {
	if c.Trace.Dialogue == nil {
		return dialogue{}
	}
	return dialogue{c.Trace.Dialogue, sessions.Add(1), dialogueRedactor(c.UserName, c.Password)}
}

// say tells a line, in one or more parts, without the credentials. The context is
// that of the mail it concerns.
func (d dialogue) say(ctx context.Context, said Said, parts ...string) {
	if d.tell != nil {
		d.tell(ctx, d.session, said, failure.Bounded(d.redactor.redact(strings.Join(parts, ""))))
	}
}

// sendContent tells how large the content of a mail is, and not what it says.
func (d dialogue) sendContent(ctx context.Context, size int64) {
	if d.tell != nil {
		d.say(ctx, Sent, "(content, ", strconv.FormatInt(size, 10), " octets)")
	}
}

// receive tells a reply, or why there is none.
func (d dialogue) receive(r Reply, err error) {
	switch {
	case d.tell == nil:
	case err != nil:
		d.say(context.Background(), Event, err.Error())
	case r.Code != 0:
		d.say(context.Background(), Received, r.String())
	}
}

// withoutResponse is a line of AUTH without the response to a challenge.
func withoutResponse(line string) string {
	words := strings.SplitN(line, " ", 3)
	if words[0] != "AUTH" {
		return redacted
	}
	if len(words) == 3 {
		words[2] = redacted
	}
	return strings.Join(words, " ")
}
