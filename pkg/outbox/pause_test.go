package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// pausesOf reads the paused senders of src, by their mail types.
func pausesOf(t testing.TB, o *Outbox) map[string]store.Pause {
	t.Helper()
	var all map[string]store.Pause
	err := o.write(t.Context(), &operation{name: "reading the pauses", run: func(t *transaction) error {
		all = make(map[string]store.Pause)
		for s, p := range t.Pauses() {
			if s.Source == src {
				all[s.MailType] = p
			}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// prober is a Handler whose probes the test answers.
type prober struct {
	deliver
	probed  chan string
	answers chan error
}

func newProber(h deliver) *prober {
	return &prober{h, make(chan string, 100), make(chan error, 100)}
}

func (p *prober) Probe(ctx context.Context, mailType string) error {
	p.probed <- mailType
	select {
	case err := <-p.answers:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestRefusedSenderPausesWithItsMailUntilAProbePasses(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		backlog := f.enqueue(o, notification("backlog"))
		ad := notification("ad")
		ad.MailType = "ad"
		works := make(chan struct{})
		p := newProber(func(_ context.Context, d Job) Outcome {
			select {
			case <-works:
				return accept
			default:
			}
			if d.MailType == "ad" {
				return accept
			}
			return hold
		})
		f.attach(o, p)
		f.awaitStatus(o, backlog.ID, Held)
		late := f.enqueue(o, notification("late"))
		if late.Status != Held || late.Reason != hold.Text {
			t.Errorf("mail of a paused sender is stored as %s (%s)", late.Status, late.Reason)
		}
		if d, err := o.Wait(t.Context(), f.enqueue(o, ad).ID); err != nil || d.Status != Sent {
			t.Errorf("another mail type: %s, %v", d.Status, err)
		}
		pauses := pausesOf(t, o)
		if p := pauses["normal"]; len(pauses) != 1 || p.Reason != hold.Text || !p.Since.Equal(f.clock.Now()) {
			t.Fatalf("pauses %+v", pauses)
		}

		// Probes come after 1, 2, 4, 8, 15 and 15 minutes.
		for _, minutes := range []time.Duration{1, 2, 4, 8, 15, 15} {
			if next := pausesOf(t, o)["normal"].ProbeAt; !next.Equal(f.clock.Now().Add(minutes * time.Minute)) {
				t.Fatalf("the next probe is at %v (now %v), want after %d minutes", next, f.clock.Now(), minutes)
			}
			f.clock.advance(minutes*time.Minute - time.Second)
			if len(p.probed) != 0 {
				t.Fatal("the probe came early")
			}
			f.clock.advance(time.Second)
			if mailType := wait.For(t, "a probe", p.probed); mailType != "normal" {
				t.Fatalf("probed %q", mailType)
			}
			p.answers <- fmt.Errorf("still refused after %d", minutes)
			wait.Until(t, "the probe's words are kept", func() bool {
				return pausesOf(t, o)["normal"].Reason == fmt.Sprintf("still refused after %d", minutes)
			})
		}
		f.clock.advance(15 * time.Minute)
		wait.For(t, "the last probe", p.probed)
		close(works)
		p.answers <- nil
		f.awaitStatus(o, backlog.ID, Sent)
		f.awaitStatus(o, late.ID, Sent)
		if pauses := pausesOf(t, o); len(pauses) != 0 {
			t.Errorf("pauses are left: %+v", pauses)
		}
	})
}

// TestProbesThatPassInVainBecomeRarer: the relay takes the credentials, and
// refuses the sender at MAIL.
func TestProbesThatPassInVainBecomeRarer(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		p := newProber(always(hold))
		f.attach(o, p)
		d := f.enqueue(o, notification("n"))
		for attempts, minutes := range []time.Duration{1, 2, 4, 8, 15, 15} {
			wait.Until(t, "it is held", func() bool {
				got := f.get(o, d.ID)
				return got.Status == Held && len(got.Attempts) == attempts+1
			})
			pauses := pausesOf(t, o)
			if len(pauses) != 1 || !pauses["normal"].ProbeAt.Equal(f.clock.Now().Add(minutes*time.Minute)) {
				t.Fatalf("pauses %+v (now %v), want a probe in %d minutes", pauses, f.clock.Now(), minutes)
			}
			f.clock.advance(minutes * time.Minute)
			wait.For(t, "a probe", p.probed)
			p.answers <- nil
		}
	})
}

// TestProbesAreFrequentAgainOnceTheSenderWorked: or somebody said that it does.
func TestProbesAreFrequentAgainOnceTheSenderWorked(t *testing.T) {
	for name, works := range map[string]func(*testing.T, *fixture, *Outbox, *script){
		"the relay took a mail": func(t *testing.T, f *fixture, o *Outbox, s *script) {
			f.enqueue(o, notification("taken"))
			s.answers <- accept
			f.awaitStatus(o, wait.For(t, "an attempt", s.started).ID, Sent)
		},
		"resumed by hand": func(t *testing.T, f *fixture, o *Outbox, _ *script) {
			if err := o.Resume(t.Context(), src, "normal"); err != nil {
				t.Fatal(err)
			}
		},
		"new settings": func(t *testing.T, f *fixture, o *Outbox, _ *script) {
			err := o.write(t.Context(), &operation{name: "resuming", run: func(t *transaction) error {
				if err := t.pause(sender{Source: src, MailType: "normal"}, "535", f.clock.Now()); err != nil {
					return err
				}
				return t.endOutdatedPauses(&source{name: src, settings: f.clock.Now().Add(time.Second)}, true)
			}})
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEveryEngine(t, func(t *testing.T, f *fixture) {
				o := f.open()
				err := o.write(t.Context(), &operation{name: "after probes in vain", run: func(t *transaction) error {
					t.probePause[sender{Source: src, MailType: "normal"}] = 8 * time.Minute
					return nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				s := newScript()
				f.attach(o, s)
				works(t, f, o, s)
				d := f.enqueue(o, notification("n"))
				s.answers <- hold
				f.awaitStatus(o, d.ID, Held)
				if next := pausesOf(t, o)["normal"].ProbeAt; !next.Equal(f.clock.Now().Add(firstProbe)) {
					t.Errorf("the next probe is at %v (now %v)", next, f.clock.Now())
				}
			})
		})
	}
}

// TestMailStoredWhileItsSenderResumesIsNotHeld: one process has read that the
// sender is paused and stores mail, while another ends the pause.
func TestMailStoredWhileItsSenderResumesIsNotHeld(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		a, b := f.open(), f.open()
		err := a.write(t.Context(), &operation{name: "pausing", run: func(t *transaction) error {
			return t.pause(sender{Source: src, MailType: "normal"}, "535", time.Time{})
		}})
		if err != nil {
			t.Fatal(err)
		}
		n := notification("n")
		if err := a.prepare(&n); err != nil {
			t.Fatal(err)
		}
		read, proceed := make(chan struct{}), make(chan struct{})
		stored, resumed := make(chan error, 1), make(chan error, 1)
		go func() {
			stored <- a.write(t.Context(), &operation{name: "storing", run: func(t *transaction) error {
				close(read)
				<-proceed
				_, err := t.enqueue(n)
				return err
			}})
		}()
		<-read
		go func() { resumed <- b.Resume(t.Context(), src, "normal") }()
		if b.Describe().Backend == "postgres" { // where it need not wait for the other process
			resumed <- wait.For(t, "it is resumed", resumed)
		}
		close(proceed)
		if err := errors.Join(<-stored, <-resumed); err != nil {
			t.Fatal(err)
		}
		if got := f.get(b, n.ID); got.Status != Queued {
			t.Errorf("it is %s, and nothing is paused", got.Status)
		}
	})
}

func TestMailInFlightIsHeldWhenItsSenderPauses(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		s := newScript()
		f.attach(o, s)
		a := f.enqueue(o, notification("a"))
		wait.For(t, "a starts", s.started)
		b := f.enqueue(o, notification("b"))
		wait.For(t, "b starts", s.started)
		s.answers <- hold
		wait.Until(t, "one is held", func() bool { return f.get(o, a.ID).Status == Held || f.get(o, b.ID).Status == Held })
		s.answers <- defer4
		for _, d := range []Delivery{a, b} { // the one that the relay only put off is, for the other's reason
			if got := f.awaitStatus(o, d.ID, Held); got.Reason != hold.Text {
				t.Errorf("held for %q", got.Reason)
			}
		}
	})
}

func TestNewSettingsResumeAtOnce(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		saved := f.clock.Now()
		f.attachAs(o, Attachment{Source: src, Handler: always(hold), SettingsUpdated: saved})
		d := f.enqueue(o, notification("n"))
		f.awaitStatus(o, d.ID, Held)

		again := newScript()
		f.attachAs(o, Attachment{Source: src, Handler: again, SettingsUpdated: saved}) // a restart
		f.enqueue(o, func() NewDelivery { n := notification("other"); n.MailType = "ad"; return n }())
		wait.For(t, "the other mail type", again.started)
		if got := f.get(o, d.ID); got.Status != Held {
			t.Fatalf("the same settings resumed it: %s", got.Status)
		}
		f.attachAs(o, Attachment{Source: src, Handler: always(accept), SettingsUpdated: saved.Add(time.Second)})
		f.awaitStatus(o, d.ID, Sent)
	})
}

// TestSendersResumeEachByItself: two mail types are paused, one of them ends.
func TestSendersResumeEachByItself(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		s := newScript()
		f.attach(o, s)
		held := make(map[string]Delivery)
		for _, mailType := range []string{"normal", "ad"} {
			n := notification(mailType)
			n.MailType = mailType
			held[mailType] = f.enqueue(o, n)
			wait.For(t, "an attempt", s.started)
			s.answers <- hold
			f.awaitStatus(o, held[mailType].ID, Held)
		}
		if err := o.Resume(t.Context(), src, "ad"); err != nil {
			t.Fatal(err)
		}
		if d := wait.For(t, "the resumed mail", s.started); d.ID != held["ad"].ID {
			t.Errorf("%s is sent", d.Identity)
		}
		if got := f.get(o, held["normal"].ID); got.Status != Held {
			t.Errorf("the other is %s", got.Status)
		}
		if pauses := pausesOf(t, o); len(pauses) != 1 || pauses["normal"].Reason != hold.Text {
			t.Errorf("pauses %+v", pauses)
		}
	})
}

func TestResumeByHand(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open(noPoll)
		s := newScript()
		f.attach(o, s)
		d := f.enqueue(o, notification("n"))
		wait.For(t, "the first attempt", s.started)
		s.answers <- hold
		f.awaitStatus(o, d.ID, Held)
		if err := o.Resume(t.Context(), src, "normal"); err != nil {
			t.Fatal(err)
		}
		wait.For(t, "the second attempt", s.started)
		s.answers <- accept
		f.awaitStatus(o, d.ID, Sent)
	})
}

// TestProbeThatFailsIsWordsInTheLog: an error that is an object in JSON would be
// one there, too, and Grafana's log has no form for objects.
func TestProbeThatFailsIsWordsInTheLog(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		lines := make(said, 100)
		logger := hclog.New(&hclog.LoggerOptions{Output: lines, JSONFormat: true, Level: hclog.Warn})
		o := f.open(func(o *Options) { o.Logger = logger })
		p := newProber(always(hold))
		f.attach(o, p)
		f.awaitStatus(o, f.enqueue(o, notification("n")).ID, Held)
		f.clock.advance(time.Minute)
		p.answers <- inJSON{errors.New("535 wrong")}
		if line := wait.For(t, "a line", lines); !strings.Contains(line, `"error":"535 wrong"`) {
			t.Error(line)
		}
	})
}

// said hands over what is written.
type said chan string

func (s said) Write(p []byte) (int, error) {
	s <- string(p)
	return len(p), nil
}

// inJSON is an error with a form of its own in JSON.
type inJSON struct{ error }

func (inJSON) MarshalJSON() ([]byte, error) { return []byte(`{"code":535}`), nil }

func TestOneOfTwoProcessesProbes(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		probers := []*prober{newProber(always(hold)), newProber(always(hold))}
		outboxes := []*Outbox{f.open(), f.open()}
		for i, o := range outboxes {
			f.attach(o, probers[i])
		}
		d := f.enqueue(outboxes[0], notification("n"))
		f.awaitStatus(outboxes[0], d.ID, Held)
		for round, minutes := range []time.Duration{1, 2, 4} {
			f.clock.advance(minutes * time.Minute)
			for _, p := range probers {
				p.answers <- errors.New("still refused")
			}
			wait.Until(t, "somebody probes", func() bool { return len(probers[0].probed)+len(probers[1].probed) > round })
		}
		if n := len(probers[0].probed) + len(probers[1].probed); n != 3 {
			t.Errorf("%d probes, want 3", n)
		}
	})
}

// TestRetryOfHeldMailAsksTheRelayAtOnce: when it takes the sender, the pause is
// over and all goes out.
func TestRetryOfHeldMailAsksTheRelayAtOnce(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open(noPoll)
		s := newScript()
		p := newProber(s.Deliver)
		f.attach(o, p)
		a := f.enqueue(o, notification("a"))
		wait.For(t, "an attempt", s.started)
		s.answers <- hold
		f.awaitStatus(o, a.ID, Held)
		b := f.enqueue(o, notification("b"))
		f.clock.advance(time.Second)
		if retried, err := o.Retry(t.Context(), src, a.ID); err != nil || retried.Status != Held {
			t.Fatalf("%s, %v", retried.Status, err)
		}
		wait.For(t, "the relay is asked", p.probed)
		p.answers <- nil
		sent := map[string]bool{}
		for range 2 {
			sent[wait.For(t, "what was held", s.started).ID] = true
			s.answers <- accept
		}
		f.awaitStatus(o, a.ID, Sent)
		f.awaitStatus(o, b.ID, Sent)
		if pauses := pausesOf(t, o); len(pauses) != 0 || !sent[a.ID] || !sent[b.ID] {
			t.Errorf("sent %v, pauses %+v", sent, pauses)
		}
	})
}

// TestReplicasResumeSendersTogether: each has read that both are paused, and
// ends the pause of one.
func TestReplicasResumeSendersTogether(t *testing.T) {
	f := &fixture{T: t, url: pgtest.Database(t), clock: newClock()}
	a, b := f.open(), f.open()
	senders := map[*Outbox]sender{a: {Source: src, MailType: "normal"}, b: {Source: src, MailType: "ad"}}
	for _, s := range senders {
		if err := a.write(t.Context(), &operation{name: "pausing", run: func(t *transaction) error { return t.pause(s, "535", time.Time{}) }}); err != nil {
			t.Fatal(err)
		}
	}
	var read sync.WaitGroup
	read.Add(len(senders))
	ended := make(chan error, len(senders))
	for o, s := range senders {
		go func() {
			var once sync.Once
			ended <- o.write(t.Context(), &operation{name: "resuming", run: func(t *transaction) error {
				once.Do(func() { read.Done(); read.Wait() })
				return t.EndPause(s)
			}})
		}()
	}
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Error(err)
	}
	if pauses := pausesOf(t, a); len(pauses) != 0 {
		t.Errorf("pauses %+v", pauses)
	}
}

// TestSettingsOfAnyPrecisionPauseTheirSender: the store keeps microseconds.
func TestSettingsOfAnyPrecisionPauseTheirSender(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		s := newScript()
		f.attachAs(o, Attachment{Source: src, Slots: 4, Handler: s, SettingsUpdated: f.clock.Now().Add(500 * time.Nanosecond)})
		s.answers <- hold
		d := f.enqueue(o, notification("n"))
		f.awaitStatus(o, d.ID, Held)
		if err := o.Check(t.Context()); err != nil { // whatever else was to come of it has
			t.Fatal(err)
		}
		if n := len(s.started); n != 1 {
			t.Errorf("%d attempts", n)
		}
	})
}
