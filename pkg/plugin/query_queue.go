package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// queryQueue is what waits now. It takes no time range. An alert rule on it is
// also the heartbeat that wakes a data source after a restart.
func queryQueue(ctx context.Context, box *outbox.Outbox, source, measure string) (data.Frames, error) {
	depth, err := box.Depth(ctx, source)
	if err != nil {
		return nil, err
	}
	var fields []*data.Field
	if measure == "" || measure == "depth" {
		for _, status := range []outbox.Status{outbox.Queued, outbox.Sending, outbox.Held} {
			fields = append(fields, data.NewField("depth", data.Labels{"status": string(status)}, []float64{float64(depth.Count[status])}))
		}
	}
	if measure == "" || measure == "oldestAge" {
		age := data.NewField("oldestAge", nil, []float64{depth.Oldest.Seconds()})
		age.SetConfig(&data.FieldConfig{Unit: "s"})
		fields = append(fields, age)
	}
	if fields == nil {
		return nil, badParameter("measure of queue is %q; it must be depth or oldestAge, or left out", measure)
	}
	frame := data.NewFrame("queue", fields...)
	return data.Frames{frame.SetMeta(&data.FrameMeta{Type: data.FrameTypeNumericWide, TypeVersion: data.FrameTypeVersion{0, 1}})}, nil
}
