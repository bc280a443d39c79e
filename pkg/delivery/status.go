package delivery

import (
	"context"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// Health says where mail is kept and what is amiss with it.
type Health struct {
	Available bool   `json:"available"`
	Backend   string `json:"backend,omitempty"` // sqlite, postgres or memory
	Durable   bool   `json:"durable"`
	Location  string `json:"location,omitempty"`
	Warning   string `json:"warning,omitempty"`
}

// Health opens the outbox if need be, and finds out whether mail can be stored.
func (s *Service) Health(ctx context.Context) Health {
	h := s.describe(ctx)
	if box, err := s.Outbox(ctx); err == nil {
		if err := box.Check(ctx); err != nil {
			h.Available, h.Warning = false, err.Error()
		}
	}
	return h
}

func (s *Service) describe(ctx context.Context) Health {
	box, err := s.Outbox(ctx)
	if err != nil {
		return Health{Warning: err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := box.Describe()
	return Health{Available: true, Backend: d.Backend, Durable: d.Durable, Location: d.Location, Warning: s.notice}
}

// Status is how a data source is doing.
type Status struct {
	Outbox Health `json:"outbox"`
	Queue  *Queue `json:"queue,omitempty"` // none when it cannot be read
	// Connections are those of this process, for every mail type together.
	Connections smtp.Stats `json:"connections"`
	// Domain is the latest report about the DNS records of From's domain; nil before the
	// first.
	Domain *maildomain.Report `json:"domain,omitempty"`
	// ProfileDomains are those about the other domains that profiles send from.
	ProfileDomains []*maildomain.Report `json:"profileDomains,omitempty"`
	// WaitingElsewhere counts the mails of other data sources that wait for
	// their first call since the start: their SecretKeys come only with one.
	WaitingElsewhere int64 `json:"waitingForDataSource"`
}

// Queue is what waits for delivery.
type Queue struct {
	Collecting       int64   `json:"collecting"` // digests whose window is open
	Queued           int64   `json:"queued"`
	Sending          int64   `json:"sending"`
	Held             int64   `json:"held"`
	Bytes            int64   `json:"bytes"`
	OldestAgeSeconds float64 `json:"oldestAgeSeconds"`
}

// Status reads the queue of a data source; sender may be nil.
func (s *Service) Status(ctx context.Context, source string, sender *Sender) Status {
	status := Status{Outbox: s.describe(ctx)}
	if sender != nil {
		status.Connections, status.Domain, status.ProfileDomains = sender.connections(), sender.Domain(), sender.ProfileDomains()
	}
	box, err := s.Outbox(ctx)
	if err != nil {
		return status
	}
	if depth, err := box.Depth(ctx, source); err == nil {
		status.Queue = &Queue{
			Collecting: depth.Count[outbox.Collecting],
			Queued:     depth.Count[outbox.Queued], Sending: depth.Count[outbox.Sending], Held: depth.Count[outbox.Held],
			Bytes: depth.Bytes, OldestAgeSeconds: depth.Oldest.Seconds(),
		}
	} else {
		status.Outbox.Warning = err.Error()
	}
	if waiting, err := box.Waiting(ctx); err == nil {
		for _, n := range waiting {
			status.WaitingElsewhere += n
		}
	}
	return status
}

func (s *Sender) connections() smtp.Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all smtp.Stats
	for _, pool := range s.pools {
		one := pool.Stats()
		all.Connecting += one.Connecting
		all.Busy += one.Busy
		all.Idle += one.Idle
		all.Waiting += one.Waiting
	}
	return all
}
