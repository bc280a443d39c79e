package alert

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	// Go 1.27's encoding/json/v2: it reads a payload once and in a third of the
	// time, where encoding/json reads the alerts four times.
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits of a payload.
const (
	MaxBody   = 10 << 20 // octets
	MaxDepth  = 32       // nested objects and arrays; Grafana's own have 4
	MaxAlerts = 1000     // kept in Notification.Alerts
)

// Decode reads a payload and fills in what older senders leave out. Unknown
// fields are ignored and of a duplicate key the last value counts, which is
// safe because a signature covers the whole body. The error is a *Refusal.
func Decode(body []byte) (*Notification, error) {
	switch {
	case len(body) > MaxBody:
		return nil, &Refusal{Status: http.StatusRequestEntityTooLarge, Reason: ReasonBody,
			Message: fmt.Sprintf("the body is larger than %d MiB", MaxBody>>20),
			Hint:    "set a limit of alerts in the contact point, or group by more labels"}
	case len(bytes.TrimSpace(body)) == 0:
		return nil, malformed("the body is empty")
	case !utf8.Valid(body):
		return nil, malformed("the body is not UTF-8")
	case depth(body) > MaxDepth:
		return nil, unprocessable(fmt.Sprintf("the body nests deeper than %d levels", MaxDepth))
	}

	n := &Notification{}
	// The outer Alerts shadows the embedded one.
	p := struct {
		*Notification
		Alerts alertList `json:"alerts"`
	}{Notification: n}
	if err := json.Unmarshal(body, &p, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, refuse(err)
	}
	list := p.Alerts
	if list.total() == 0 {
		return nil, unprocessable("the notification has no alerts")
	}

	n.Alerts, n.FiringCount, n.ResolvedCount = list.kept, list.firing, list.resolved
	n.TruncatedAlerts = min(max(n.TruncatedAlerts, 0), 1<<30)
	n.Omitted = list.total() - len(list.kept) + n.TruncatedAlerts
	switch n.Status {
	case Firing, Resolved:
	case "":
		n.Status = Resolved
		if list.firing > 0 {
			n.Status = Firing
		}
	default:
		return nil, unprocessable("status" + mayBe(n.Status))
	}
	if n.GroupKey == "" {
		n.GroupKey = groupKey(n.GroupLabels)
	}
	n.identity = identity(n.GroupKey, n.TruncatedAlerts, list.marks)
	return n, nil
}

// alertList reads alerts one by one, so that a body of many small ones costs
// their identity and not a struct each. When there are more than MaxAlerts the
// firing ones are kept first.
type alertList struct {
	kept             []Alert
	firing, resolved int
	marks            []mark
}

func (l *alertList) total() int { return l.firing + l.resolved }

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *alertList) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*l = alertList{}
	first, err := dec.ReadToken()
	switch {
	case err != nil:
		return err
	case first.Kind() == 'n':
		return nil
	case first.Kind() != '[':
		return unprocessable("alerts must be an array")
	}
	for dec.PeekKind() != ']' {
		var a Alert
		if err := json.UnmarshalDecode(dec, &a); err != nil {
			return err
		}
		switch a.Status {
		case Firing:
			l.firing++
		case Resolved:
			l.resolved++
		default:
			return unprocessable("alerts[" + strconv.Itoa(l.total()) + "].status" + mayBe(a.Status))
		}
		l.marks = append(l.marks, markOf(&a))
		l.keep(a)
	}
	_, err = dec.ReadToken()
	return err
}

// keep adds an alert while there is room; a firing one takes the place of the
// last resolved one when there is none.
func (l *alertList) keep(a Alert) {
	if len(l.kept) == MaxAlerts {
		if a.Status != Firing || l.firing > MaxAlerts {
			return
		}
		// firing counts a already, so one at least of the kept is resolved.
		last := len(l.kept) - 1
		for l.kept[last].Status == Firing {
			last--
		}
		l.kept = slices.Delete(l.kept, last, last+1)
	}
	l.kept = append(l.kept, a)
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

// depth is the greatest nesting of objects and arrays. It is right for valid
// JSON and harmless for any other.
func depth(body []byte) int {
	level, deepest := 0, 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			i += quoted(body[i+1:])
		case '{', '[':
			level++
			deepest = max(deepest, level)
		case '}', ']':
			level--
		}
	}
	return deepest
}

// quoted is the length of a string up to and with its closing quote.
func quoted(s []byte) int {
	for n := 0; ; n++ {
		next := bytes.IndexByte(s[n:], '"')
		if next < 0 {
			return len(s)
		}
		n += next
		backslashes := 0
		for backslashes < n && s[n-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return n + 1
		}
	}
}

// refuse words an error of the JSON library.
func refuse(err error) error {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal
	}
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		where := place(wrong.JSONPointer)
		switch {
		case wrong.GoType == reflect.TypeFor[time.Time]():
			return unprocessable(where + " is not a time in the form 2026-11-23T06:33:30Z")
		case errors.Is(wrong.Err, strconv.ErrRange):
			return unprocessable(where + " is too large a number")
		}
		return unprocessable(where + " is of the wrong type: " + kinds.Replace(wrong.JSONKind.String()))
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return malformed(fmt.Sprintf("the body is not JSON: %v, at octet %d", syntax.Err, syntax.ByteOffset))
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

// mayBe says what a status holds and may hold.
func mayBe(status string) string {
	const most = 60
	return fmt.Sprintf(` is %.*q; it may be "firing" or "resolved"`, most, status)
}

const sendPayload = "post what Grafana's webhook contact point or Alertmanager's webhook receiver sends"

// malformed is a refusal of what is not JSON at all.
func malformed(message string) error {
	return &Refusal{Status: http.StatusBadRequest, Reason: ReasonBody, Message: message, Hint: sendPayload}
}

// unprocessable is a refusal of JSON that is not a notification.
func unprocessable(message string) error {
	return &Refusal{Status: http.StatusUnprocessableEntity, Reason: ReasonBody, Message: message, Hint: sendPayload}
}
