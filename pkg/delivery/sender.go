package delivery

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// Slots for each connection: enough mail in hand that a busy connection always
// finds the next one to chain and a storm goes straight to the pool, and little
// enough to stay in memory (128 mails of 20 KB are 3 MB).
const slotsPerConnection = 32

// A data source that is removed hands back after drain what it has not begun to
// send, one whose process is about to end after a quarter of the time that is
// left, and a replaced one at once.
// It may finish the rest until drainEnd: a relay that takes longer over a
// content may have the mail that is cut off then. Variables for the sake of
// their test.
var (
	drain    = 30 * time.Second
	drainEnd = 5 * time.Minute
)

// Sender sends the mail of one data source.
type Sender struct {
	service  *Service
	source   string
	settings settings.Settings
	updated  time.Time
	dial     Dialer
	access   grafana.Access // for charts
	log      hclog.Logger
	domain   domainRecords
	unwatch  context.CancelFunc // ends watchDomain

	mu        sync.Mutex
	pools     map[nhncloud.MailType]*smtp.Pool
	renderers map[renderKey]rendering
	detach    func(context.Context) error
	replaced  bool // by a sender with newer settings: nothing is begun any more
}

// rendering returns a renderer, or why there is none. It makes it when first it is called,
// which takes seconds where a template is slow.
type rendering func() (*message.Renderer, error)

type renderKey struct {
	profile  string
	language string
	mailType nhncloud.MailType
}

// Source names a data source across replicas and restarts.
func Source(orgID int64, uid string) string { return fmt.Sprintf("%d/%s", orgID, uid) }

// NewSender starts to send the mail of a data source with its present
// settings, which were saved at updated. Mail that waited for it goes out, and
// so does mail that was held under older settings. The error is about the
// settings' templates.
func (s *Service) NewSender(ctx context.Context, source string, set settings.Settings, updated time.Time, dial Dialer) (*Sender, error) {
	sender := &Sender{
		service: s, source: source, settings: set, updated: updated, dial: dial,
		access:    s.Access(ctx, source, &set),
		log:       s.log.With("source", source),
		pools:     make(map[nhncloud.MailType]*smtp.Pool),
		renderers: make(map[renderKey]rendering),
	}
	if _, err := sender.renderer(&set, set.Language, set.MailType); err != nil {
		return nil, err
	}
	_, _ = s.Outbox(ctx) // opens it; why there is none is told to whoever needs it
	var watched context.Context
	watched, sender.unwatch = context.WithCancel(s.life)
	go sender.watchDomain(watched)

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.senders {
		if other.source == source {
			other.retire()
		}
	}
	s.senders = append(s.senders, sender)
	if s.box != nil && !s.closed { // else it is attached once there is one
		sender.attach(s.box)
	}
	return sender, nil
}

// attach has the outbox hand over this source's mail.
func (s *Sender) attach(box *outbox.Outbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	detach, err := box.Attach(outbox.Attachment{
		Source:          s.source,
		Slots:           slotsPerConnection * s.settings.MaxConnections,
		Handler:         s,
		SettingsUpdated: s.updated,
	})
	if err != nil {
		s.log.Error("the outbox does not hand over mail", "error", err.Error())
		return
	}
	s.detach = detach
}

// Close stops sending: the settings have changed or the data source is gone.
func (s *Sender) Close() {
	s.service.mu.Lock()
	s.service.senders = slices.DeleteFunc(s.service.senders, func(other *Sender) bool { return other == s })
	s.service.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), drainEnd)
	defer cancel()
	s.close(ctx)
}

// retire hands back what is not begun, for the sender that takes the place: the
// relay may not have room for the connections of both.
func (s *Sender) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwatch()
	s.replaced = true
	for _, pool := range s.pools {
		pool.Retire()
	}
}

func (s *Sender) close(ctx context.Context) {
	s.unwatch()
	s.mu.Lock()
	detach, pools := s.detach, s.pools
	s.detach, s.pools = nil, nil
	s.mu.Unlock()
	wait := drain
	if end, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(end)/4)
	}
	defer time.AfterFunc(wait, func() {
		for _, pool := range pools {
			pool.Retire()
		}
	}).Stop()
	if detach != nil {
		if err := detach(ctx); err != nil {
			s.log.Warn("mail was still being sent when its data source closed; it stays in the outbox", "error", err.Error())
		}
	}
	for _, pool := range pools {
		if err := pool.Close(ctx); err != nil {
			s.log.Warn("connections were still busy when their data source closed", "error", err.Error())
		}
	}
}

// pool is the connections that authenticate as the sender of type t.
func (s *Sender) pool(t nhncloud.MailType) (*smtp.Pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pools == nil || s.replaced {
		return nil, smtp.ErrClosed
	}
	if s.pools[t] == nil {
		config := s.relay(&s.settings, t)
		if s.service != nil && s.service.connections != nil {
			config.Dial = s.service.connections.dialer(s.source+" "+string(t), config.MaxConnections, config.Timeout/2, s.dial)
		}
		s.pools[t] = smtp.NewPool(config)
	}
	return s.pools[t], nil
}

// renderer is the renderer for a language and a mail type, made when first it is needed.
// set are the settings of a profile or the data source's own.
func (s *Sender) renderer(set *settings.Settings, language string, t nhncloud.MailType) (*message.Renderer, error) {
	key := renderKey{set.ProfileName, language, t}
	s.mu.Lock()
	known := s.renderers[key]
	if known == nil {
		known = sync.OnceValues(func() (*message.Renderer, error) { return newRenderer(set, language, t) })
		s.renderers[key] = known
	}
	s.mu.Unlock()
	return known()
}

// CheckTemplates says what is wrong with the templates of a profile: a *sandbox.Error
// for each, joined.
func (s *Sender) CheckTemplates(set *settings.Settings) error {
	_, err := s.renderer(set, set.Language, set.MailType)
	return err
}

func newRenderer(set *settings.Settings, language string, t nhncloud.MailType) (*message.Renderer, error) {
	return message.NewRenderer(message.Options{
		Language:        language,
		Location:        set.Location,
		MailType:        t,
		Advertiser:      set.Advertiser,
		From:            set.From,
		StableSubject:   set.StableSubject,
		SubjectTemplate: set.SubjectTemplate,
		TextTemplate:    set.TextTemplate,
		HTMLTemplate:    set.HTMLTemplate,
	})
}
