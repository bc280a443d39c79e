package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// queryModel is a query of the delivery log, as the query editor, dashboards
// and alert rules hold it.
type queryModel struct {
	// Format of deliveries: "table" (default) or "logs", for Explore.
	Format string `json:"format"`
	// Measure of stats: "count" (default) or "latency"; of queue: "depth" or
	// "oldestAge", or both when empty.
	Measure string `json:"measure"`

	Status    []string `json:"status"`
	MailType  []string `json:"mailType"`
	Recipient string   `json:"recipient"` // parts of addresses, with commas between
	Text      string   `json:"text"`      // part of the subject, the reason or the Message-ID
	Limit     int      `json:"limit"`

	ID string `json:"id"` // of delivery: which one
}

// QueryData answers each query by itself: one that fails does not fail the
// others.
func (d *DataSource) QueryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	response := backend.NewQueryDataResponse()
	for _, q := range req.Queries {
		frames, err := d.query(ctx, q)
		if err != nil {
			failed := errorResponse(err)
			failed.Error = errorFor(roleIn(req.PluginContext), err)
			response.Responses[q.RefID] = failed
			continue
		}
		response.Responses[q.RefID] = backend.DataResponse{Frames: frames}
	}
	return response, nil
}

func (d *DataSource) query(ctx context.Context, q backend.DataQuery) (data.Frames, error) {
	var model queryModel
	if err := json.Unmarshal(q.JSON, &model); err != nil {
		return nil, badQuery("the query cannot be read: %v", err)
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
		return queryDelivery(ctx, box, d.source, model.ID)
	case "stats":
		return queryStats(ctx, box, filter, q, model.Measure)
	case "queue":
		return queryQueue(ctx, box, d.source, model.Measure)
	}
	return nil, badQuery("queryType is %q; it must be deliveries, delivery, stats or queue", q.QueryType)
}

// filter is the model's filters within the time range.
func (d *DataSource) filter(m queryModel, q backend.DataQuery) (outbox.Filter, error) {
	f := outbox.Filter{
		Source: d.source, From: inLog(q.TimeRange.From), To: inLog(q.TimeRange.To),
		Text: m.Text, Limit: m.Limit,
	}
	if len(m.Text) > maxText {
		return f, badQuery("text is %.60q: %v", m.Text, errTooLong)
	}
	var err error
	if f.Recipients, err = parseRecipients(m.Recipient); err != nil {
		return f, badQuery("recipient is %.60q: %v", m.Recipient, err)
	}
	if m.Limit < 0 || m.Limit > outbox.MaxLimit {
		return f, badQuery("limit is %d; it must be a number from 1 to %d", m.Limit, outbox.MaxLimit)
	}
	for _, s := range m.Status {
		status, err := parseStatus(s)
		if err != nil {
			return f, badQuery("status is %q; %v", s, err)
		}
		f.Statuses = append(f.Statuses, status)
	}
	for _, t := range m.MailType {
		types, err := parseMailType(t)
		if err != nil {
			return f, badQuery("mailType is %q; %v", t, err)
		}
		f.MailTypes = append(f.MailTypes, types...)
	}
	return f, nil
}

// The log has mail of these times only. A range of a million years, which
// anybody may ask for, is no reason to count through it.
var (
	firstTime = time.Unix(0, 0)
	lastTime  = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// inLog is t, or the end of the log's times that is next to it.
func inLog(t time.Time) time.Time {
	switch {
	case t.Before(firstTime):
		return firstTime
	case t.After(lastTime):
		return lastTime
	}
	return t
}

// errBadQuery marks what whoever wrote the query can mend.
var errBadQuery = errors.New("bad query")

func badQuery(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errBadQuery, fmt.Sprintf(format, args...))
}

// errorResponse says whose fault it was: the query's and the database's errors
// are downstream of the plugin, all else is the plugin's own.
func errorResponse(err error) backend.DataResponse {
	var storage *outbox.StorageError
	var closed *delivery.NoOutboxError
	switch {
	case errors.Is(err, errBadQuery):
		return backend.DataResponse{Error: err, ErrorSource: backend.ErrorSourceDownstream, Status: backend.StatusBadRequest}
	case errors.As(err, &storage), errors.As(err, &closed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return backend.DataResponse{Error: err, ErrorSource: backend.ErrorSourceDownstream, Status: backend.StatusBadGateway}
	}
	return backend.DataResponse{Error: err, ErrorSource: backend.ErrorSourcePlugin, Status: backend.StatusInternal}
}
