package plugin

import (
	"context"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// queryDelivery is one delivery: what the log says of it, its recipients and
// its attempts, and beside each recipient what the service says. Like a trace, it is
// found by its id at any time range.
func (d *DataSource) queryDelivery(ctx context.Context, box *outbox.Outbox, id string) (data.Frames, error) {
	if id == "" {
		return nil, badParameter("id is empty; it is in the id column of a deliveries query")
	}
	found, err := box.Get(ctx, d.source, id)
	if err != nil {
		return nil, err
	}
	delivery := deliveryTable(found)
	if found.Digest() {
		var told int64
		if err := box.Notes(ctx, found, func([]byte, bool) { told++ }); err != nil {
			return nil, err
		}
		delivery.Fields = append(delivery.Fields, data.NewField("notifications", nil, []int64{told}))
	}
	recipients := recipientsTable(found.Recipients)
	if d.results != nil {
		d.addResults(ctx, recipients, found)
	}
	return data.Frames{delivery, recipients, attemptsTable(found.Attempts)}, nil
}

// deliveryTable is the delivery's line of the log, with what only one delivery
// has room for.
func deliveryTable(d outbox.Delivery) *data.Frame {
	frame := deliveriesTable([]outbox.Delivery{d})
	return table("delivery", append(frame.Fields,
		data.NewField("from", nil, []string{d.From}),
		data.NewField("size", nil, []int64{d.Size}).SetConfig(&data.FieldConfig{Unit: "bytes"}),
		data.NewField("expires", nil, []time.Time{d.ExpiresAt}),
		data.NewField("note", nil, []string{d.Note}),
	)...)
}

func recipientsTable(all []outbox.Recipient) *data.Frame {
	n := len(all)
	var (
		addresses = make([]string, n)
		kinds     = make([]string, n)
		statuses  = make([]string, n)
		replies   = newReplies(n)
		digests   = make([]string, n)
		updated   = make([]*time.Time, n)
	)
	for i, r := range all {
		addresses[i], kinds[i], statuses[i], updated[i] = r.Address, string(r.Kind), string(r.Status), moment(r.UpdatedAt)
		replies.set(i, r.Code, r.EnhancedCode, r.Text)
		digests[i] = r.Digest
	}
	frame := table("recipients",
		column(250, data.NewField("address", nil, addresses)),
		column(100, data.NewField("status", nil, statuses)),
		replies.text(), replies.code(), replies.enhancedCode(),
		column(80, data.NewField("kind", nil, kinds)),
		column(200, data.NewField("updated", nil, updated)),
	)
	if slices.ContainsFunc(digests, func(id string) bool { return id != "" }) {
		frame.Fields = append(frame.Fields, column(300, data.NewField("digest", nil, digests)))
	}
	return frame
}

func attemptsTable(all []outbox.Attempt) *data.Frame {
	n := len(all)
	var (
		times     = make([]time.Time, n)
		numbers   = make([]int64, n)
		outcomes  = make([]string, n)
		stages    = make([]string, n)
		durations = make([]float64, n)
		replies   = newReplies(n)
	)
	for i, a := range all {
		times[i], numbers[i], outcomes[i], stages[i] = a.At, int64(a.Number), a.Outcome, a.Stage
		durations[i] = a.Duration.Seconds()
		replies.set(i, a.Code, a.EnhancedCode, a.Text)
	}
	return table("attempts",
		column(200, data.NewField("time", nil, times)),
		column(100, data.NewField("stage", nil, stages)),
		replies.text(), replies.code(), replies.enhancedCode(),
		column(100, seconds("duration", durations)),
		column(120, data.NewField("outcome", nil, outcomes)),
		column(100, data.NewField("attempt", nil, numbers)),
	)
}

// replies are the relay's words in columns; without a reply there is no code.
type replies struct {
	codes    []*int64
	enhanced []string
	texts    []string
}

func newReplies(n int) replies {
	return replies{make([]*int64, n), make([]string, n), make([]string, n)}
}

func (r replies) set(i, code int, enhanced, text string) {
	if code != 0 {
		wide := int64(code)
		r.codes[i] = &wide
	}
	r.enhanced[i], r.texts[i] = enhanced, text
}

func (r replies) text() *data.Field { return wrapped(300, data.NewField("message", nil, r.texts)) }
func (r replies) code() *data.Field { return column(80, data.NewField("code", nil, r.codes)) }
func (r replies) enhancedCode() *data.Field {
	return column(140, data.NewField("enhancedCode", nil, r.enhanced))
}

func table(name string, fields ...*data.Field) *data.Frame {
	return data.NewFrame(name, fields...).SetMeta(&data.FrameMeta{PreferredVisualization: data.VisTypeTable})
}

// column gives a field's column in a table its width, in pixels.
func column(width int, f *data.Field) *data.Field {
	return custom(f, map[string]any{"width": width})
}

// wrapped gives a field's column what the others leave, and at least this
// width. Its text is wrapped: a link in a text that is cut off reaches under the
// next column, where nobody can click on it.
func wrapped(minWidth int, f *data.Field) *data.Field {
	return custom(f, map[string]any{"minWidth": minWidth, "wrapText": true})
}

// custom sets what the table panel reads of a field.
func custom(f *data.Field, options map[string]any) *data.Field {
	if f.Config == nil {
		f.Config = new(data.FieldConfig)
	}
	f.Config.Custom = options
	return f
}

// seconds is a field of durations.
func seconds[T []float64 | []*float64](name string, values T) *data.Field {
	return data.NewField(name, nil, values).SetConfig(&data.FieldConfig{Unit: "s"})
}
