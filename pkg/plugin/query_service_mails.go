package plugin

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud/api"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// queryServiceMails answers with the mails of this data source that the service lists,
// the newest first.
func (d *DataSource) queryServiceMails(ctx context.Context, m queryModel, q backend.DataQuery) (data.Frames, error) {
	filter, err := mailFilterOf(m)
	if err != nil {
		return nil, err
	}
	if _, err := d.validSender(); err != nil {
		return nil, err
	}
	if d.results == nil {
		return serviceOff("mails"), nil
	}
	from, to := inLog(q.TimeRange.From), inLog(q.TimeRange.To)
	oldest, tooOld := clip(from, api.KeptFor)
	listed, err := d.results.List(ctx, d.settings.From.Mailbox(), oldest, to)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(slices.Clone(listed.Mails), func(m api.Mail) bool { return !filter.matches(m) })
	shown := found[:min(len(found), filter.limit)]
	frame := mailsTable(shown)
	if tooOld {
		remark(frame, failure.ServiceTooOld.With())
	}
	if slices.ContainsFunc(shown, func(m api.Mail) bool { return m.Status == api.Unverified }) {
		remark(frame, failure.ServiceUnverified.With())
	}
	switch {
	case listed.Incomplete():
		remark(frame, failure.ServiceMore.With("total", strconv.Itoa(listed.Total), "read", strconv.Itoa(listed.Read)))
	case len(shown) < len(found):
		remark(frame, failure.ServiceLimit.With("limit", strconv.Itoa(filter.limit)))
	case len(listed.Mails) == 0 && d.hasSent(ctx, oldest, to):
		remark(frame, failure.ServiceNone.With())
	}
	return data.Frames{frame}, nil
}

// hasSent says whether the delivery log has mail in the time range that the relay
// accepted. Only a notice depends on it, so a log that cannot be read is no error.
func (d *DataSource) hasSent(ctx context.Context, from, to time.Time) bool {
	box, err := d.service.Outbox(ctx)
	if err != nil {
		return false
	}
	page, err := box.List(ctx, outbox.Filter{
		Source: d.source, From: from, To: to, Statuses: []outbox.Status{outbox.Sent, outbox.Partial}, Limit: 1,
	})
	return err == nil && len(page.Deliveries) > 0
}

// mailFilter selects among the mails that the service lists.
type mailFilter struct {
	statuses   []api.Status // any when empty
	recipients []string     // parts of addresses; any when empty
	limit      int
}

func mailFilterOf(m queryModel) (f mailFilter, err error) {
	for _, s := range m.Status {
		if !slices.Contains(api.Statuses(), api.Status(s)) {
			return f, badParameter("status is %.60q; of mail at the service it must be one of %s", s, joined(api.Statuses()))
		}
		f.statuses = append(f.statuses, api.Status(s))
	}
	if f.recipients, err = m.bounds(); err != nil {
		return f, err
	}
	f.limit = cmp.Or(m.Limit, outbox.MaxLimit)
	return f, nil
}

func (f mailFilter) matches(m api.Mail) bool {
	named := func(part string) bool {
		return strings.Contains(strings.ToLower(m.Recipient), strings.ToLower(part))
	}
	return (len(f.statuses) == 0 || slices.Contains(f.statuses, m.Status)) &&
		(len(f.recipients) == 0 || slices.ContainsFunc(f.recipients, named))
}

// joined joins words with commas, for an error.
func joined[T ~string](words []T) string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return strings.Join(all, ", ")
}

// orNull is null for an empty text, which a transformation passes over for one that
// says something.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func mailsTable(mails []api.Mail) *data.Frame {
	n := len(mails)
	var (
		times      = make([]*time.Time, n)
		statuses   = make([]string, n)
		recipients = make([]string, n)
		subjects   = make([]string, n)
		dsnCodes   = make([]*string, n)
		dsnWords   = make([]*string, n)
		received   = make([]*time.Time, n)
		opened     = make([]*time.Time, n)
		codes      = make([]string, n)
		kinds      = make([]string, n)
		requests   = make([]string, n)
	)
	for i, m := range mails {
		times[i], statuses[i], recipients[i], subjects[i] = moment(m.Time), string(m.Status), m.Recipient, m.Subject
		dsnCodes[i], dsnWords[i], received[i], opened[i] = orNull(m.DSNCode), orNull(m.DSNMessage), moment(m.Received), moment(m.Opened)
		codes[i], kinds[i], requests[i] = m.Code, m.Kind, m.RequestID
	}
	return table("mails",
		column(200, data.NewField("time", nil, times)),
		column(200, data.NewField("status", nil, statuses)),
		column(80, data.NewField("code", nil, codes)),
		column(250, data.NewField("recipient", nil, recipients)),
		wrapped(300, data.NewField("subject", nil, subjects)),
		wrapped(250, data.NewField("dsnMessage", nil, dsnWords)),
		column(90, data.NewField("dsnCode", nil, dsnCodes)),
		column(200, data.NewField("received", nil, received)),
		column(200, data.NewField("opened", nil, opened)),
		column(80, data.NewField("kind", nil, kinds)),
		column(200, data.NewField("requestId", nil, requests)),
	)
}
