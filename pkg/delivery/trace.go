package delivery

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/grafana/grafana-plugin-sdk-go/backend/tracing"
	"github.com/hashicorp/go-hclog"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// deliveryKey is the key of a delivery's id in a context.
type deliveryKey struct{}

// trace measures the stages of a session and records them as spans. At the level
// debug it logs what is said in it.
func trace(log hclog.Logger) smtp.Trace {
	t := smtp.Trace{
		Stage: func(ctx context.Context, stage smtp.Stage, start time.Time, d time.Duration, err error) {
			stageDuration.WithLabelValues(string(stage)).Observe(d.Seconds())
			if !oteltrace.SpanFromContext(ctx).IsRecording() {
				return // nobody traces this delivery
			}
			_, span := tracing.DefaultTracer().Start(ctx, "smtp "+string(stage), oteltrace.WithTimestamp(start),
				oteltrace.WithSpanKind(oteltrace.SpanKindClient), oteltrace.WithAttributes(attribute.String("smtp.stage", string(stage))))
			if err != nil {
				span.SetStatus(codes.Error, err.Error())
			}
			span.End(oteltrace.WithTimestamp(start.Add(d)))
		},
		Connection: func(from, to smtp.ConnState) {
			if from != "" {
				connections.WithLabelValues(string(from)).Dec()
			}
			if to != "" {
				connections.WithLabelValues(string(to)).Inc()
			}
		},
	}
	if log.IsDebug() {
		t.Dialogue = func(ctx context.Context, session int64, said smtp.Said, text string) {
			fields := []any{"session", session, string(said), text}
			if id, ok := ctx.Value(deliveryKey{}).(string); ok {
				fields = append(fields, "delivery", id)
			}
			log.Debug("smtp", fields...)
		}
	}
	return t
}
