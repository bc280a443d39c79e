package delivery

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/grafana/grafana-plugin-sdk-go/backend/tracing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// trace has the stages of a session measured and recorded as spans.
func trace() smtp.Trace {
	return smtp.Trace{
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
}
