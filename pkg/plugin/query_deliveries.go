package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// queryDeliveries is the delivery log as a table, or as log lines for Explore.
func queryDeliveries(ctx context.Context, box *outbox.Outbox, f outbox.Filter, format string) (data.Frames, error) {
	page, err := box.List(ctx, f)
	if err != nil {
		return nil, err
	}
	found := page.Deliveries
	var frame *data.Frame
	switch format {
	case "", "table":
		frame = deliveriesTable(found)
	case "logs":
		if frame, err = deliveriesLogs(found); err != nil {
			return nil, err
		}
	default:
		return nil, badParameter("format is %q; it must be table or logs", format)
	}
	if hint := incomplete(page); hint.ID != "" {
		remark(frame, hint)
	}
	return data.Frames{frame}, nil
}

// incomplete says why there may be more deliveries than those of the page.
func incomplete(page outbox.Page) failure.Hint {
	switch {
	case !page.SearchedTo.IsZero():
		return failure.LogSearched.With("time", page.SearchedTo.UTC().Format(time.RFC3339))
	case page.Next != "":
		return failure.LogLimit.With("limit", strconv.Itoa(len(page.Deliveries)))
	}
	return failure.Hint{}
}

func deliveriesTable(found []outbox.Delivery) *data.Frame {
	n := len(found)
	var (
		times      = make([]time.Time, n)
		ids        = make([]string, n)
		statuses   = make([]string, n)
		types      = make([]string, n)
		subjects   = make([]string, n)
		recipients = make([]string, n)
		accepted   = make([]int64, n)
		attempts   = make([]int64, n)
		durations  = make([]*float64, n)
		reasons    = make([]string, n)
		nexts      = make([]*time.Time, n)
		messageIDs = make([]string, n)
	)
	for i, d := range found {
		times[i], ids[i], statuses[i], types[i] = d.CreatedAt, d.ID, string(d.Status), mailTypeName(d.MailType)
		subjects[i], recipients[i], accepted[i] = d.Subject, addresses(d), acceptedBy(d)
		attempts[i], reasons[i], messageIDs[i] = int64(d.Attempt), d.Reason, d.MessageID
		if !d.FinishedAt.IsZero() {
			seconds := d.FinishedAt.Sub(d.WaitsSince()).Seconds()
			durations[i] = &seconds
		}
		nexts[i] = nextAttempt(d)
	}
	return table("deliveries",
		column(200, data.NewField("time", nil, times)),
		column(100, data.NewField("status", nil, statuses)),
		wrapped(300, data.NewField("subject", nil, subjects)),
		column(200, data.NewField("recipients", nil, recipients)),
		column(100, data.NewField("accepted", nil, accepted)),
		column(100, data.NewField("mailType", nil, types)),
		column(100, data.NewField("attempts", nil, attempts)),
		column(100, seconds("duration", durations)),
		wrapped(300, data.NewField("reason", nil, reasons)),
		column(200, data.NewField("nextAttempt", nil, nexts)),
		column(200, data.NewField("messageId", nil, messageIDs)),
		column(300, data.NewField("id", nil, ids)),
	)
}

// deliveriesLogs has the form of Grafana's data plane contract for log lines.
func deliveriesLogs(found []outbox.Delivery) (*data.Frame, error) {
	n := len(found)
	var (
		times      = make([]time.Time, n)
		bodies     = make([]string, n)
		severities = make([]string, n)
		ids        = make([]string, n)
		labels     = make([]json.RawMessage, n)
	)
	for i, d := range found {
		times[i], ids[i], severities[i] = d.CreatedAt, d.ID, severity(d.Status)
		bodies[i] = strings.TrimSpace(fmt.Sprintf("%s: %s -> %s %s", d.Status, d.Subject, addresses(d), d.Reason))
		encoded, err := json.Marshal(map[string]string{
			"status": string(d.Status), "mailType": mailTypeName(d.MailType), "messageId": d.MessageID,
		})
		if err != nil {
			return nil, err
		}
		labels[i] = encoded
	}
	frame := data.NewFrame("deliveries",
		data.NewField("timestamp", nil, times),
		data.NewField("body", nil, bodies),
		data.NewField("severity", nil, severities),
		data.NewField("id", nil, ids),
		data.NewField("labels", nil, labels),
	)
	return frame.SetMeta(&data.FrameMeta{
		Type: data.FrameTypeLogLines, TypeVersion: data.FrameTypeVersion{0, 0},
		PreferredVisualization: data.VisTypeLogs,
	}), nil
}

func severity(s outbox.Status) string {
	switch s {
	case outbox.Failed, outbox.Expired, outbox.Held:
		return "error"
	case outbox.Partial, outbox.Queued, outbox.Cancelled:
		return "warning"
	}
	return "info"
}

func addresses(d outbox.Delivery) string {
	list := make([]string, len(d.Recipients))
	for i, r := range d.Recipients {
		list[i] = r.Address
	}
	return strings.Join(list, ", ")
}

func acceptedBy(d outbox.Delivery) (n int64) {
	for _, r := range d.Recipients {
		if r.Status == outbox.Sent {
			n++
		}
	}
	return n
}
