package plugin

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// entry is one line of the delivery log. It never holds the mail itself.
type entry struct {
	ID          string      `json:"id"`
	Status      string      `json:"status"`
	MailType    string      `json:"mailType"`
	Subject     string      `json:"subject"`
	From        string      `json:"from"`
	MessageID   string      `json:"messageId"`
	Size        int64       `json:"size"`
	Note        string      `json:"note,omitempty"`
	Digest      bool        `json:"digest,omitempty"` // it tells of others
	Reason      string      `json:"reason,omitempty"`
	Attempt     int         `json:"attempt"`
	CreatedAt   time.Time   `json:"createdAt"`
	NextAttempt *time.Time  `json:"nextAttempt,omitempty"`
	ExpiresAt   time.Time   `json:"expiresAt"`
	FinishedAt  *time.Time  `json:"finishedAt,omitempty"`
	Recipients  []recipient `json:"recipients"`
	Attempts    []attempt   `json:"attempts,omitempty"`
}

type recipient struct {
	Address      string `json:"address"`
	Kind         string `json:"kind"`
	Status       string `json:"status"`
	Code         int    `json:"code,omitempty"`
	EnhancedCode string `json:"enhancedCode,omitempty"`
	Message      string `json:"message,omitempty"`
	Digest       string `json:"digest,omitempty"` // the id of the one that tells of it
}

type attempt struct {
	Number       int       `json:"number"`
	At           time.Time `json:"at"`
	DurationMs   float64   `json:"durationMs"`
	Stage        string    `json:"stage,omitempty"`
	Code         int       `json:"code,omitempty"`
	EnhancedCode string    `json:"enhancedCode,omitempty"`
	Message      string    `json:"message,omitempty"`
	Outcome      string    `json:"outcome"`
}

// deliveryPage is the answer of GET /deliveries.
type deliveryPage struct {
	Deliveries []entry `json:"deliveries"`
	// Next is the cursor of the next page; empty on the last.
	Next string `json:"next,omitempty"`
	// SearchedTo is how far the search came where its time was up before the page
	// was full: there may be more before that time, from Next on.
	SearchedTo *time.Time `json:"searchedTo,omitempty"`
}

// listDeliveries is the delivery log, the newest first: ?status=&mailType=
// (repeatable), &recipient=&text= (parts), &digest= (an id), &from=&to= (RFC 3339), &limit=,
// &cursor=.
func (d *DataSource) listDeliveries(w http.ResponseWriter, r *http.Request) error {
	filter, err := parseFilter(r.URL.RawQuery)
	if err != nil {
		return err
	}
	filter.Source = d.source
	box, err := d.service.Outbox(r.Context())
	if err != nil {
		return err
	}
	found, err := box.List(r.Context(), filter)
	if err != nil {
		return err
	}
	page := deliveryPage{Deliveries: make([]entry, len(found.Deliveries)), Next: found.Next, SearchedTo: moment(found.SearchedTo)}
	for i, one := range found.Deliveries {
		page.Deliveries[i] = entryOf(one)
	}
	writeJSON(w, http.StatusOK, page)
	return nil
}

// listRecipients answers with the different addresses of the delivery log.
func (d *DataSource) listRecipients(w http.ResponseWriter, r *http.Request) error {
	box, err := d.service.Outbox(r.Context())
	if err != nil {
		return err
	}
	found, err := box.Recipients(r.Context(), d.source, outbox.MaxLimit)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]string{"recipients": append([]string{}, found...)})
	return nil
}

// getDelivery is one delivery with its attempts.
func (d *DataSource) getDelivery(w http.ResponseWriter, r *http.Request) error {
	return d.answerEntry(w, r, (*outbox.Outbox).Get)
}

func parseFilter(query string) (outbox.Filter, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return outbox.Filter{}, badParameter("the query string cannot be read: %v", err)
	}
	f := outbox.Filter{Text: q.Get("text"), Cursor: q.Get("cursor"), Limit: 100}
	// Once, not for each: that would be quadratic in what a Viewer sends.
	recipients := strings.Join(q["recipient"], ",")
	if f.Recipients, err = parseRecipients(recipients); err != nil {
		return f, badParameter("the query parameter recipient is %.60q: %v", recipients, err)
	}
	for key, values := range q {
		for _, value := range values {
			var err error
			switch key {
			case "cursor", "recipient":
			case "digest":
				f.Digest = value
			case "text":
				if len(value) > maxText {
					err = errTooLong
				}
			case "status":
				var s outbox.Status
				s, err = parseStatus(value)
				f.Statuses = append(f.Statuses, s)
			case "mailType":
				var types []string
				types, err = parseMailType(value)
				f.MailTypes = append(f.MailTypes, types...)
			case "from":
				f.From, err = parseTime(value)
			case "to":
				f.To, err = parseTime(value)
			case "limit":
				if f.Limit, err = strconv.Atoi(value); err != nil || f.Limit < 1 || f.Limit > outbox.MaxLimit {
					err = fmt.Errorf("it must be a number from 1 to %d", outbox.MaxLimit)
				}
			default:
				return f, badParameter("the query parameter %.60q is unknown; it must be status, mailType, recipient, text, digest, from, to, limit or cursor", key)
			}
			if err != nil {
				return f, badParameter("the query parameter %s is %.60q: %v", key, value, err)
			}
		}
	}
	return f, nil
}

// Bounds of the condition that a variable with every address makes: SQLite
// takes a depth of 1000, and patterns of 50,000 octets.
const (
	maxRecipientParts = 400
	maxText           = 1000
)

// parseRecipients splits parts of addresses at their commas. Every address has an @,
// so that one alone, as from a variable with all of them, asks for no part.
func parseRecipients(list string) ([]string, error) {
	var parts []string
	for part := range strings.SplitSeq(list, ",") {
		switch part = strings.TrimSpace(part); part {
		case "":
		case "@":
			return nil, nil
		default:
			parts = append(parts, part)
		}
	}
	if slices.ContainsFunc(parts, func(part string) bool { return len(part) > maxText }) {
		return nil, errTooLong
	}
	if len(parts) > maxRecipientParts {
		return nil, fmt.Errorf("it has %d parts and may have %d; leave it empty for all recipients", len(parts), maxRecipientParts)
	}
	return parts, nil
}

// errTooLong refuses a part that is too long to search for.
var errTooLong = fmt.Errorf("a part of it has more than %d octets", maxText)

// parseTime reads a time. It does not pass on the library's error, which repeats
// the value.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, errors.New("it must be a time like 2006-01-02T15:04:05Z")
	}
	return t, nil
}

func parseStatus(s string) (outbox.Status, error) {
	var all []string
	for _, status := range outbox.Statuses() {
		if string(status) == s {
			return status, nil
		}
		all = append(all, string(status))
	}
	return "", fmt.Errorf("it must be %s", strings.Join(all, ", "))
}

// parseMailType is what the log holds for a mail type: mail without one is
// normal mail.
func parseMailType(s string) ([]string, error) {
	t := nhncloud.MailType(s)
	switch {
	case !slices.Contains(nhncloud.MailTypes(), t):
		return nil, errors.New("it must be normal, auth, ad")
	case t == nhncloud.Normal:
		return []string{string(nhncloud.Unset), s}, nil
	}
	return []string{s}, nil
}

func entryOf(d outbox.Delivery) entry {
	e := entry{
		ID: d.ID, Status: string(d.Status), MailType: mailTypeName(d.MailType), Subject: d.Subject, From: d.From,
		MessageID: d.MessageID, Size: d.Size, Note: d.Note, Digest: d.Digest(), Reason: d.Reason, Attempt: d.Attempt,
		CreatedAt: d.CreatedAt, NextAttempt: nextAttempt(d), ExpiresAt: d.ExpiresAt, FinishedAt: moment(d.FinishedAt),
	}
	for _, r := range d.Recipients {
		e.Recipients = append(e.Recipients, recipient{r.Address, string(r.Kind), string(r.Status), r.Code, r.EnhancedCode, r.Text, r.Digest})
	}
	for _, a := range d.Attempts {
		e.Attempts = append(e.Attempts, attempt{a.Number, a.At, float64(a.Duration) / float64(time.Millisecond),
			a.Stage, a.Code, a.EnhancedCode, a.Text, a.Outcome})
	}
	return e
}

// nextAttempt is when a delivery that waits is tried next, or a digest sent.
func nextAttempt(d outbox.Delivery) *time.Time {
	if d.Status != outbox.Queued && d.Status != outbox.Collecting {
		return nil
	}
	return moment(d.DueAt)
}

func mailTypeName(t string) string { return string(nhncloud.MailType(t).TakenAs()) }

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
