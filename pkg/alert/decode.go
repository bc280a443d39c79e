package alert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
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
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, refuse("the body", err)
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

// next names the alert that is being read.
func (l *alertList) next() string { return "alerts[" + strconv.Itoa(l.total()) + "]" }

// UnmarshalJSON implements json.Unmarshaler.
func (l *alertList) UnmarshalJSON(data []byte) error {
	*l = alertList{}
	if string(data) == "null" {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return unprocessable("alerts must be an array")
	}
	for dec.More() {
		var a Alert
		if err := dec.Decode(&a); err != nil {
			return refuse(l.next(), err)
		}
		switch a.Status {
		case Firing:
			l.firing++
		case Resolved:
			l.resolved++
		default:
			return unprocessable(l.next() + ".status" + mayBe(a.Status))
		}
		l.marks = append(l.marks, markOf(&a))
		l.keep(a)
	}
	return nil
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
	level, deepest, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

// refuse words an error of encoding/json about the part of the body that is
// named where.
func refuse(where string, err error) error {
	var (
		refusal *Refusal
		syntax  *json.SyntaxError
		kind    *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.As(err, &syntax):
		return malformed(fmt.Sprintf("%s is not JSON: %v, at octet %d", where, syntax, syntax.Offset))
	case errors.As(err, &kind):
		field := ""
		if kind.Field != "" {
			field = kind.Field + " of "
		}
		return unprocessable(fmt.Sprintf("%s%s is of the wrong type: %s", field, where, kind.Value))
	}
	// Nothing else in a payload has a decoder of its own that can fail.
	return unprocessable("startsAt or endsAt of " + where + " is not a time in the form 2026-11-23T06:33:30Z")
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
