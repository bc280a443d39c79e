package alert

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	// Go 1.27's encoding/json/v2: it reads a payload once and in a third of the
	// time, where encoding/json reads the alerts four times.
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Limits of a payload.
const (
	MaxBody    = 16 << 20 // octets
	MaxDepth   = 32       // nested objects and arrays; Grafana's own have 4
	MaxCounted = 100_000  // alerts
	MaxAlerts  = 1000     // kept in Notification.Alerts
)

// Decode reads a payload in a stream, keeps what a mail can show and counts the
// rest, and fills in what older senders leave out. Unknown fields are ignored
// and of a duplicate key the last value counts, which is safe because a
// signature covers the whole body. The error is a *failure.Error, or what r failed
// with; r is read to its end where there is none.
func Decode(r io.Reader) (*Notification, error) {
	n := &Notification{}
	// The outer fields shadow the embedded ones.
	p := struct {
		*Notification
		Alerts alertList   `json:"alerts"`
		OrgID  sentInteger `json:"orgId"`
	}{Notification: n}
	var message *ownText
	before := 0 // alerts that came before the message
	body := abridge(r)
	defer body.release()
	options := json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var err error
	if whole, ok := body.whole(); ok {
		err = json.Unmarshal(whole, &p, options)
	} else {
		body.begin = func() *ownText {
			message, before = &ownText{expected: p.Alerts.defaults.blocks}, p.Alerts.total()
			return message
		}
		err = json.UnmarshalRead(body, &p, options)
	}
	if err != nil {
		return nil, body.refuse(err)
	}
	n.OrgID = int64(p.OrgID)
	list := &p.Alerts
	if list.total() == 0 {
		return nil, unprocessable("the notification has no alerts")
	}
	switch {
	case message == nil || n.Message != "": // decoded whole, or its name was written with escapes
		n.Message = list.ownText(n.Message)
	case before == 0: // only now the alerts are known
		n.Message = list.ownText(message.end())
	default:
		n.Message = message.end()
	}
	if err := n.complete(list); err != nil {
		return nil, err
	}
	return n, nil
}

// complete fills in what follows from the alerts, and what the sender left out.
func (n *Notification) complete(list *alertList) error {
	n.Alerts, n.Dropped = list.finish()
	for i := range n.Alerts {
		a := &n.Alerts[i]
		a.Labels, a.Annotations = a.Labels.with(n.CommonLabels), a.Annotations.with(n.CommonAnnotations)
	}
	n.FiringCount, n.ResolvedCount, n.ClosedCount = list.firing, list.resolved, list.closed
	n.TruncatedAlerts = min(max(n.TruncatedAlerts, 0), 1<<30)
	if dropped := list.total() - len(n.Alerts); dropped > 0 {
		n.Omitted, n.Rules = dropped, len(list.rules)
	}
	n.Omitted += n.TruncatedAlerts
	switch n.Status = status(n.Status); n.Status {
	case Firing, Resolved:
	case "":
		n.Status = Resolved
		if list.firing > 0 {
			n.Status = Firing
		}
	default:
		return unprocessable("status" + mustBe(n.Status))
	}
	if n.GroupKey == "" {
		n.GroupKey = groupKey(n.GroupLabels)
	}
	n.identity = identity(n.GroupKey, n.TruncatedAlerts, list.marks)
	return nil
}

// groupKey makes the key that Alertmanager gives a group at the root of the
// routing tree.
func groupKey(labels KV) string {
	var b strings.Builder
	b.WriteString("{}:{")
	for i, name := range labels.names() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name + "=" + strconv.Quote(labels[name]))
	}
	b.WriteString("}")
	return b.String()
}

// refuse words an error that ended the reading of a.
func (a *abridged) refuse(err error) error {
	if refusal, ok := errors.AsType[*failure.Error](a.err); ok {
		return refusal
	}
	if refusal, ok := errors.AsType[*failure.Error](err); ok {
		return refusal
	}
	if a.err != nil && a.err != io.EOF {
		return a.err // what is read from has failed
	}
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		where := place(wrong.JSONPointer)
		switch {
		case wrong.GoType == reflect.TypeFor[*sentTime](), wrong.GoType == reflect.TypeFor[sentTime]():
			return unprocessable(where + " is not a time in the form 2026-11-23T06:33:30Z")
		case errors.Is(wrong.Err, strconv.ErrRange):
			return unprocessable(where + " is too large a number")
		case errors.Is(wrong.Err, strconv.ErrSyntax):
			return unprocessable(where + " is not a whole number")
		}
		return unprocessable(where + " is of the wrong type: " + kinds.Replace(wrong.JSONKind.String()))
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok && !a.dropped {
		return notJSON(fmt.Errorf("%w, at octet %d", syntax.Err, syntax.ByteOffset))
	}
	return notJSON(err)
}

// notJSON words an error of syntax.
func notJSON(err error) error {
	if strings.Contains(err.Error(), "invalid UTF-8") {
		return malformed("the body is not UTF-8")
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		err = syntax.Err
	}
	return malformed("the body is not JSON: " + err.Error())
}

var kinds = strings.NewReplacer("{", "object", "[", "array")

// place names a field of the payload, or of one of its alerts, by what is above
// it at most: below that, names are the sender's.
func place(p jsontext.Pointer) string {
	var names []string
	for name := range p.Tokens() {
		names = append(names, name)
	}
	switch {
	case len(names) == 0:
		return "the body"
	case names[0] != "alerts" || len(names) == 1:
		return names[0]
	case len(names) == 2:
		return "alerts[" + names[1] + "]"
	}
	return "alerts[" + names[1] + "]." + names[2]
}

// mustBe says what a status holds and must hold.
func mustBe(status string) string {
	const most = 60
	return fmt.Sprintf(` is %.*q; it must be "firing" or "resolved"`, most, status)
}

var sendPayload = failure.Say("Post what Grafana's webhook contact point or Alertmanager's webhook receiver sends.")

// malformed is a refusal of what is not JSON at all.
func malformed(message string) error {
	return refuse(failure.Body, 0, message, sendPayload)
}

// tooLarge is a refusal of more than is mailed at once.
func tooLarge(message string) error {
	return refuse(failure.Body, http.StatusRequestEntityTooLarge, message, failure.Say("Set a limit of alerts in the contact point, or group by more labels."))
}

// unprocessable is a refusal of JSON that is not a notification.
func unprocessable(message string) error {
	return refuse(failure.Body, http.StatusUnprocessableEntity, message, sendPayload)
}
