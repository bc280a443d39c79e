// Package delivery ties a notification's way together: render, store, send,
// and what came of it. It is the only place that knows alert, message, outbox
// and smtp at once.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/picture"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/rulechart"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/team"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/turns"
)

const (
	// inMemory is the outbox_url of an outbox that ends with the process.
	inMemory = "memory:"
	// reopenAfter spaces the tries at an outbox that cannot be opened: a
	// database may come up after Grafana does.
	reopenAfter = 5 * time.Second
)

// openWait is how long a call waits for the outbox while it is opened. A
// variable for the sake of its test.
var openWait = 5 * time.Second

// Service is the process's one outbox and the senders of its data sources.
type Service struct {
	config      Config
	log         hclog.Logger
	connections *openConnections
	pictures    *picture.Fetcher
	grafana     *grafana.Client
	charts      *rulechart.Maker
	turns       *turns.Turns // of mails with charts or pictures
	teams       *team.Directory
	domains     *maildomain.Checker
	digests     sync.Mutex // held while one is made: its notes may take much memory

	life context.Context // ends with Close
	end  context.CancelFunc

	mu      sync.Mutex
	opening chan struct{} // closed when the try under way ends; nil without one
	box     *outbox.Outbox
	failed  error // why box is nil
	tried   time.Time
	notice  string    // what Health warns of
	senders []*Sender // in the order they were made
	closed  bool

	// unread limits how often the log says that the history cannot be read.
	unread rate.Sometimes
	// uncharted likewise that mail goes without charts.
	uncharted rate.Sometimes
}

// ErrOpening is the answer while there is no outbox yet.
var ErrOpening error = failure.New(failure.Outbox,
	"the outbox is still being opened, which takes its time after an upgrade: the log is converted",
	failure.Say("Wait: it is used as soon as it is ready."))

// noOutbox is why no mail can be stored: the outbox cannot be opened.
func noOutbox(err error) error {
	if _, ok := errors.AsType[*outbox.StorageError](err); ok {
		return err // it has a remedy of its own
	}
	return failure.New(failure.Outbox, err.Error(), failure.Say("Correct [plugin."+pluginID+"] of grafana.ini."))
}

// New starts the service. An outbox that cannot be opened now is tried again
// with the next call that needs it; until then Outbox says why.
func New(config Config, log hclog.Logger) *Service {
	s := &Service{
		config: config, log: log, connections: newOpenConnections(),
		pictures: picture.NewFetcher(config.images), grafana: grafana.NewClient(), turns: turns.New(),
		unread: rate.Sometimes{Interval: 10 * time.Minute}, uncharted: rate.Sometimes{Interval: 10 * time.Minute},
	}
	s.charts, s.teams = rulechart.NewMaker(s.grafana), team.NewDirectory(s.grafana)
	s.life, s.end = context.WithCancel(context.Background())
	if config.grafanaErr != nil {
		log.Error("grafana_url in [plugin."+pluginID+"] of grafana.ini is not used", "error", config.grafanaErr.Error())
	}
	var err error
	if s.domains, err = maildomain.New(config.dnsServer); err != nil { // mail is sent without the check
		log.Error("the DNS records of senders' domains are not checked: correct [plugin."+pluginID+"] of grafana.ini", "error", err.Error())
	}
	if _, err := s.Outbox(context.Background()); err != nil {
		log.Error("the outbox cannot be opened: alerts are answered with 503 until it can", "error", err.Error())
	}
	return s
}

// Log is the process's log.
func (s *Service) Log() hclog.Logger { return s.log }

// Outbox is the open outbox, or why there is none.
func (s *Service) Outbox(ctx context.Context) (*outbox.Outbox, error) {
	box, opening, err := s.current()
	if opening == nil {
		return box, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, openWait, ErrOpening)
	defer cancel()
	select {
	case <-opening:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, outbox.ErrClosed
	case s.box != nil:
		return s.box, nil
	case s.failed != nil:
		return nil, s.failed
	}
	return nil, context.Cause(ctx)
}

// current is the outbox or why there is none, or else the end of the try to
// open it that is under way.
func (s *Service) current() (box *outbox.Outbox, opening <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, nil, outbox.ErrClosed
	case s.box != nil:
		return s.box, nil, nil
	case s.opening == nil && s.failed != nil && time.Since(s.tried) < reopenAfter:
		return nil, nil, s.failed
	case s.opening == nil:
		s.opening = make(chan struct{})
		go s.tryOpen()
	}
	return nil, s.opening, nil
}

// tryOpen has no time limit but those of the connection: an upgrade of the
// schema takes as long as the log is, and one broken off begins anew.
func (s *Service) tryOpen() {
	box, notice, err := s.open(s.life)
	if s.opened(box, notice, err) {
		s.reportWaiting(s.life, box) // by now alerts are taken
		s.awaken(s.life, box)
	}
}

// opened records how a try ended, and says whether there is an outbox now.
func (s *Service) opened(box *outbox.Outbox, notice string, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(s.opening)
	s.opening = nil
	switch {
	case err != nil:
		s.failed, s.tried = noOutbox(err), time.Now()
		return false
	case s.closed:
		_ = box.Close(s.life) // it has nothing in hand
		return false
	}
	s.box, s.notice = box, notice
	description := box.Describe()
	s.log.Info("outbox open", "backend", description.Backend, "location", description.Location, "durable", description.Durable)
	if notice != "" {
		s.log.Warn(notice)
	}
	for _, sender := range newestOf(s.senders) {
		sender.attach(box)
	}
	return true
}

// open opens the configured outbox. Only the default place gives way to
// memory, and only where it cannot be written and nothing is there: a file that
// is there, or may be, holds mail, which must not be passed over.
func (s *Service) open(ctx context.Context) (*outbox.Outbox, string, error) {
	if s.config.err != nil {
		return nil, "", s.config.err
	}
	options := s.config.options
	options.Logger = s.log.Named("outbox")
	options.Finished = finished
	if s.config.url == inMemory {
		options = inMemoryOptions(options)
	}
	box, err := outbox.Open(ctx, s.config.url, options)
	if err == nil || !unwritable(err) || !s.config.nothingThere() {
		notice := ""
		if err == nil && !box.Describe().Durable {
			notice = "The outbox is in memory: mail that waits is lost when Grafana stops. Set outbox_url in [plugin." + pluginID + "] of grafana.ini."
		}
		return box, notice, err
	}
	notice := fmt.Sprintf("The outbox is in memory, because its default place cannot be written (%v): mail that waits is lost when Grafana stops. Make the folder writable or set outbox_url in [plugin.%s] of grafana.ini.", err, pluginID)
	box, err = outbox.Open(ctx, inMemory, inMemoryOptions(options))
	return box, notice, err
}

// inMemoryOptions keeps the mail that waits from growing to what a disk holds.
func inMemoryOptions(o outbox.Options) outbox.Options {
	if o.MaxBytes == 0 {
		o.MaxBytes = 64 << 20
	}
	return o
}

func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// reportWaiting says in the log what waits for a data source: its SecretKey
// comes only with a call.
func (s *Service) reportWaiting(ctx context.Context, box *outbox.Outbox) {
	waiting, err := box.Waiting(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("the waiting mail could not be counted", "error", err.Error())
		}
		return
	}
	for source, n := range waiting {
		s.log.Info("mail waits for the first call of its data source", "source", source, "mails", n)
	}
}

// Close stops every sender and closes the outbox. What is being sent may
// finish until ctx ends; the rest stays in the outbox.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	box, opening := s.box, s.opening
	senders := s.senders
	s.senders = nil
	s.mu.Unlock()
	s.end()
	if opening != nil {
		select {
		case <-opening:
		case <-ctx.Done():
		}
	}

	var closing sync.WaitGroup
	for _, sender := range senders {
		closing.Go(func() { sender.close(ctx) })
	}
	closing.Wait()
	s.pictures.Close()
	s.grafana.Close()
	if box == nil {
		return nil
	}
	return box.Close(ctx)
}
