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

// about is how far the service's time of a mail may be from the time at which the relay
// took it, for the clocks may differ.
const about = 2 * time.Minute

// serviceResult is what the service says of one recipient of a delivery.
type serviceResult struct {
	status string // empty: there is nothing to ask about
	code   string
	words  string
	why    failure.Hint // in the words, where the status is unknown
}

// addResults puts beside each recipient what the service says, and why it is unknown
// where it is. That the service fails is no failure of the query.
func (d *DataSource) addResults(ctx context.Context, recipients *data.Frame, found outbox.Delivery) {
	n := len(found.Recipients)
	statuses, codes, words := make([]string, n), make([]string, n), make([]string, n)
	if from, to := takenBetween(found.Recipients); !from.IsZero() {
		listed, unasked := d.listed(ctx, from.Add(-about), to.Add(about))
		for i, r := range found.Recipients {
			if r.Status != outbox.Sent { // the service has not had it
				continue
			}
			result := unasked
			if result == nil {
				result = resultOf(r, found.Subject, listed)
			}
			sentence(recipients, result.why)
			statuses[i], codes[i], words[i] = result.status, result.code, result.words
		}
		if unasked == nil && len(listed) == 0 {
			remark(recipients, failure.ServiceNone.With())
		}
	}
	recipients.Fields = slices.Insert(recipients.Fields, 2, // behind the address and the status
		column(200, data.NewField("service", nil, statuses)),
		column(100, data.NewField("serviceCode", nil, codes)),
		wrapped(250, data.NewField("serviceMessage", nil, words)),
	)
}

// takenBetween is when the relay took the mail for the first and for the last of its
// recipients; zero where it took it for none.
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

// listed is what the service lists of a time, or else what to say of every recipient.
func (d *DataSource) listed(ctx context.Context, from, to time.Time) ([]api.Mail, *serviceResult) {
	if time.Since(from) > api.KeptFor {
		return nil, unknown(failure.ServiceTooOld.With())
	}
	listed, err := d.results.List(ctx, d.settings.From.Mailbox(), from, to)
	switch {
	case err != nil:
		f := failureOf(err)
		return nil, &serviceResult{status: string(api.Unknown), words: f.Advice(), why: f.Hint}
	case listed.Incomplete():
		return nil, unknown(failure.ServiceMore.With("total", strconv.Itoa(listed.Total), "read", strconv.Itoa(listed.Read)))
	}
	return listed.Mails, nil
}

// resultOf looks for the one mail that is to the recipient, has the subject, and was
// taken at about the time.
func resultOf(r outbox.Recipient, subject string, listed []api.Mail) *serviceResult {
	var matching []api.Mail
	for _, m := range listed {
		if strings.EqualFold(m.Recipient, r.Address) && sameWords(m.Subject, subject) && m.Time.Sub(r.UpdatedAt).Abs() <= about {
			matching = append(matching, m)
		}
	}
	switch len(matching) {
	case 0:
		return unknown(failure.ServiceNotListed.With())
	case 1:
		m := matching[0]
		return &serviceResult{status: string(m.Status), code: m.Code, words: strings.TrimSpace(m.DSNCode + " " + m.DSNMessage)}
	}
	return unknown(failure.ServiceAmbiguous.With("count", strconv.Itoa(len(matching))))
}

func unknown(why failure.Hint) *serviceResult {
	return &serviceResult{status: string(api.Unknown), words: why.English, why: why}
}

// sameWords compares subjects as they are read: a mail's is folded where it is long.
func sameWords(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }
