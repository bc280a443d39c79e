package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud/api"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// queryModel is a query of the delivery log or of the service, as the query editor,
// dashboards and alert rules hold it.
type queryModel struct {
	// Format of deliveries: "table" (default) or "logs", for Explore.
	Format string `json:"format"`
	// Measure of stats: "count" (default) or "latency"; of queue: "depth" or
	// "oldestAge", or both when empty; of serviceStats: an event, or all when empty.
	Measure string `json:"measure"`
	// By of serviceStats: "domain" has series for each domain of the recipients.
	By string `json:"by"`

	Status    []string `json:"status"`
	MailType  []string `json:"mailType"`
	Recipient string   `json:"recipient"` // parts of addresses, with commas between
	Text      string   `json:"text"`      // part of the subject, the reason or the Message-ID
	Limit     int      `json:"limit"`
	Digest    string   `json:"digest"` // of deliveries: the id of the one that tells of them, whenever that was

	ID string `json:"id"` // of delivery: which one
}

// QueryData answers each query by itself: one that fails does not fail the
// others.
func (d *DataSource) QueryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	response := backend.NewQueryDataResponse()
	if req.Headers[backend.FromAlertHeaderName] == "true" { // Grafana's, where it evaluates a rule
		ctx = api.ForRule(ctx)
	}
	for _, q := range req.Queries {
		frames, err := d.query(ctx, q)
		if err != nil {
			response.Responses[q.RefID] = failed(roleIn(req.PluginContext), err)
			continue
		}
		response.Responses[q.RefID] = backend.DataResponse{Frames: frames}
	}
	return response, nil
}

func (d *DataSource) query(ctx context.Context, q backend.DataQuery) (data.Frames, error) {
	var model queryModel
	if err := json.Unmarshal(q.JSON, &model); err != nil {
		return nil, badParameter("the query cannot be read: %v", err)
	}
	switch q.QueryType {
	case "serviceStats":
		return d.queryServiceStats(ctx, model, q)
	case "serviceMails":
		return d.queryServiceMails(ctx, model, q)
	}
	filter, err := d.filter(model, q)
	if err != nil {
		return nil, err
	}
	box, err := d.service.Outbox(ctx)
	if err != nil {
		return nil, err
	}
	switch q.QueryType {
	case "deliveries", "":
		return queryDeliveries(ctx, box, filter, model.Format)
	case "delivery":
		return d.queryDelivery(ctx, box, model.ID)
	case "stats":
		return queryStats(ctx, box, filter, q, model.Measure)
	case "queue":
		return queryQueue(ctx, box, d.source, model.Measure)
	}
	return nil, badParameter("queryType is %q; it must be deliveries, delivery, stats, queue, serviceStats or serviceMails", q.QueryType)
}

// bounds checks the limit and returns the parts of recipients' addresses.
func (m queryModel) bounds() (recipients []string, err error) {
	if recipients, err = parseRecipients(m.Recipient); err != nil {
		return nil, badParameter("recipient is %.60q: %v", m.Recipient, err)
	}
	if m.Limit < 0 || m.Limit > outbox.MaxLimit {
		return nil, badParameter("limit is %d; it must be a number from 1 to %d", m.Limit, outbox.MaxLimit)
	}
	return recipients, nil
}

// filter is the model's filters within the time range.
func (d *DataSource) filter(m queryModel, q backend.DataQuery) (outbox.Filter, error) {
	f := outbox.Filter{
		Source: d.source, From: inLog(q.TimeRange.From), To: inLog(q.TimeRange.To),
		Text: m.Text, Limit: m.Limit,
	}
	if m.Digest != "" {
		f.Digest, f.From, f.To = m.Digest, time.Time{}, time.Time{}
	}
	if len(m.Text) > maxText {
		return f, badParameter("text is %.60q: %v", m.Text, errTooLong)
	}
	var err error
	if f.Recipients, err = m.bounds(); err != nil {
		return f, err
	}
	for _, s := range m.Status {
		status, err := parseStatus(s)
		if err != nil {
			return f, badParameter("status is %q; %v", s, err)
		}
		f.Statuses = append(f.Statuses, status)
	}
	for _, t := range m.MailType {
		types, err := parseMailType(t)
		if err != nil {
			return f, badParameter("mailType is %q; %v", t, err)
		}
		f.MailTypes = append(f.MailTypes, types...)
	}
	return f, nil
}

// The bounds of the log's times. Anybody may ask for a range of a million years,
// and nobody shall have it counted through.
var (
	firstTime = time.Unix(0, 0)
	lastTime  = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// inLog returns t, or the bound of the log's times that t is beyond.
func inLog(t time.Time) time.Time {
	switch {
	case t.Before(firstTime):
		return firstTime
	case t.After(lastTime):
		return lastTime
	}
	return t
}

// badParameter is a failure that whoever wrote the query, or the query string of the
// URL, can mend.
func badParameter(format string, args ...any) error {
	return failure.New(failure.Parameter, fmt.Sprintf(format, args...), failure.CorrectQuery.With())
}

// failed is the response to a query that failed, as somebody with a role may read it.
func failed(role string, err error) backend.DataResponse {
	f := failureOf(errorFor(role, err))
	response := backend.DataResponse{Error: errors.New(f.Advice()), ErrorSource: backend.ErrorSourcePlugin, Status: backend.Status(f.HTTPStatus())}
	if f.ID != "" {
		frame := data.NewFrame("failure") // the page replaces its hint in the error
		sentence(frame, f.Hint)
		response.Frames = data.Frames{frame}
	}
	if !f.Ours() {
		response.Error, response.ErrorSource = backend.DownstreamError(response.Error), backend.ErrorSourceDownstream
	}
	return response
}
