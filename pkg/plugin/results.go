package plugin

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud/api"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// tolerance is how far the service's time of a mail may be from the time at which the
// relay accepted it, for their clocks may differ.
const tolerance = 2 * time.Minute

// serviceResult is what the service says about one recipient of a delivery.
type serviceResult struct {
	status string // empty if the relay has not accepted the mail for them
	code   string
	words  string
	why    failure.Hint // whose text words holds, where the service has no words
}

// addResults adds to each recipient what the service says, or why that is unknown. A
// failure of the service does not fail the query: the rest of the delivery is known.
func (d *DataSource) addResults(ctx context.Context, recipients *data.Frame, found outbox.Delivery) {
	n := len(found.Recipients)
	statuses, codes, words := make([]string, n), make([]string, n), make([]string, n)
	if from, to := takenBetween(found.Recipients); !from.IsZero() {
		listed, unanswered := d.listed(ctx, found.From, from.Add(-tolerance), to.Add(tolerance))
		for i, r := range found.Recipients {
			if r.Status != outbox.Sent { // the service never got it
				continue
			}
			result := unanswered
			if result == nil {
				result = resultOf(r, found.Subject, listed)
			}
			sentence(recipients, result.why)
			statuses[i], codes[i], words[i] = result.status, result.code, result.words
		}
		if unanswered == nil && len(listed) == 0 {
			remark(recipients, failure.ServiceNone.With())
		}
	}
	recipients.Fields = slices.Insert(recipients.Fields, 2, // after the address and the status
		column(200, data.NewField("service", nil, statuses)),
		column(100, data.NewField("serviceCode", nil, codes)),
		wrapped(250, data.NewField("serviceMessage", nil, words)),
	)
}

// takenBetween returns when the relay accepted the mail for its first and for its last
// recipient; zero if it accepted it for none.
func takenBetween(all []outbox.Recipient) (first, last time.Time) {
	for _, r := range all {
		if r.Status != outbox.Sent {
			continue
		}
		if first.IsZero() || r.UpdatedAt.Before(first) {
			first = r.UpdatedAt
		}
		if r.UpdatedAt.After(last) {
			last = r.UpdatedAt
		}
	}
	return first, last
}

// listed returns the sender's mails that the service lists in a time range. If it cannot
// tell, it returns the result to show for every recipient instead.
func (d *DataSource) listed(ctx context.Context, sender string, from, to time.Time) ([]api.Mail, *serviceResult) {
	if time.Since(from) > api.KeptFor {
		return nil, unknown(failure.ServiceTooOld.With())
	}
	listed, err := d.results.List(ctx, sender, from, to)
	switch {
	case err != nil:
		f := failureOf(err)
		return nil, &serviceResult{status: string(api.Unknown), words: f.Advice(), why: f.Hint}
	case listed.Incomplete():
		return nil, unknown(failure.ServiceMore.With("total", strconv.Itoa(listed.Total), "read", strconv.Itoa(listed.Read)))
	}
	return listed.Mails, nil
}

// resultOf looks for the one mail that has the recipient, the subject and, within the
// tolerance, the time.
func resultOf(r outbox.Recipient, subject string, listed []api.Mail) *serviceResult {
	var matching []api.Mail
	for _, m := range listed {
		if strings.EqualFold(m.Recipient, r.Address) && sameWords(m.Subject, subject) && m.Time.Sub(r.UpdatedAt).Abs() <= tolerance {
			matching = append(matching, m)
		}
	}
	switch len(matching) {
	case 0:
		return unknown(failure.ServiceNotListed.With())
	case 1:
		m := matching[0]
		result := &serviceResult{status: string(m.Status), code: m.Code, words: strings.TrimSpace(m.DSNCode + " " + m.DSNMessage)}
		if result.words == "" && m.Status == api.Unverified {
			result.why = failure.ServiceUnverified.With()
			result.words = result.why.English
		}
		return result
	}
	return unknown(failure.ServiceAmbiguous.With("count", strconv.Itoa(len(matching))))
}

func unknown(why failure.Hint) *serviceResult {
	return &serviceResult{status: string(api.Unknown), words: why.English, why: why}
}

// sameWords compares subjects without regard to white space: a long subject is folded in
// the mail.
func sameWords(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }
