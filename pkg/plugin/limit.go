package plugin

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// limits bound what the callers of one data source may ask for, so that none
// takes what the others need of the machine, the outbox and the relay. A request
// counts only once its caller is known to be allowed: else anybody could use up
// what alerts need.
type limits struct{ alerts, test, diagnose, health, resume, act, preview, validate *rate.Limiter }

func newLimits() limits {
	return limits{
		// An alert storm passes; a caller that never stops does not.
		alerts: rate.NewLimiter(100, 20_000),
		// A person who tries things out.
		test: rate.NewLimiter(rate.Every(6*time.Second), 10),
		// Two rounds over every port. Each handshake offers the credentials, and
		// services lock accounts over many refusals.
		diagnose: rate.NewLimiter(rate.Every(5*time.Second), 14),
		// The same for the health check, which every Viewer may call.
		health: rate.NewLimiter(rate.Every(5*time.Second), 14),
		// Retrying a held mail offers them, too. One retry brings back all mail of its
		// sender; four are for data sources with several mail types.
		resume: rate.NewLimiter(rate.Every(15*time.Second), 4),
		// Retries and cancellations, each of which is a commit: enough for a whole
		// page of the log.
		act: rate.NewLimiter(10, 1000),
		// A person who writes a template.
		preview: rate.NewLimiter(1, 20),
		// A person who fills in the page, which asks after each field.
		validate: rate.NewLimiter(2, 50),
	}
}

// previews lets one preview run at a time in the whole process: its templates may
// take seconds of a processor, which alerts need.
var previews = semaphore.NewWeighted(1)

// previewWithin bounds how long a preview waits and runs.
const previewWithin = 20 * time.Second

// allow takes n from a limit, or refuses and says when there will be as many. It
// does not use reservations: one that is cancelled while others are made does not
// give back all that it took, and in time nobody would be let through.
func allow(w http.ResponseWriter, l *rate.Limiter, n int) error {
	now := time.Now()
	if l.AllowN(now, n) {
		return nil
	}
	wait := (float64(n) - l.TokensAt(now)) / float64(l.Limit())
	seconds := strconv.Itoa(int(max(1, math.Ceil(wait))))
	w.Header().Set("Retry-After", seconds)
	return failure.New(failure.Rate, "there are too many requests to this data source", failure.AskLater.With("seconds", seconds))
}
