package outbox

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// asked is a store that holds what it is asked for until the test lets it go.
type asked struct {
	store.Store
	questions chan []int64
	answers   chan error
}

func (s *asked) Alerts(ctx context.Context, fingerprints []int64, limit int) ([]ToldAlert, error) {
	s.questions <- fingerprints
	if err := <-s.answers; err != nil {
		return nil, err
	}
	return s.Store.Alerts(ctx, fingerprints, limit)
}

// TestThoseWhoAskMeanwhileAreAnsweredTogether, each with what it asked for.
func TestThoseWhoAskMeanwhileAreAnsweredTogether(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		opt := f.options()
		opt.askFor = time.Hour // it is no matter of time
		opt = opt.withDefaults()
		st, err := store.Open(t.Context(), f.url, store.Options{Now: opt.Now, Owner: opt.Owner})
		if err != nil {
			t.Fatal(err)
		}
		s := &asked{st, make(chan []int64), make(chan error)}
		o := start(s, opt)
		f.closeAtEnd(o)
		n := notification("1")
		n.Conversation = "group"
		n.Alerts = []Alert{{Fingerprint: 1, StartsAt: f.clock.Now()}, {Fingerprint: 2, StartsAt: f.clock.Now()}}
		f.enqueue(o, n)

		var asking sync.WaitGroup
		ask := func(want int, failure error, fingerprints ...int64) {
			asking.Go(func() {
				told, err := o.Told(context.Background(), fingerprints)
				if !errors.Is(err, failure) || len(told.ByAlert[fingerprints[0]]) != want {
					t.Errorf("%v: %+v, %v", fingerprints, told, err)
				}
			})
		}
		waiting := func(n int) func() bool {
			return func() bool {
				o.asks.mu.Lock()
				defer o.asks.mu.Unlock()
				return len(o.asks.waiting) == n
			}
		}
		ask(1, nil, 1)
		if got := <-s.questions; len(got) != 1 {
			t.Errorf("asked for %v", got)
		}
		ask(1, nil, 1, 2, 1)
		ask(1, nil, 2)
		ask(0, nil, 3)
		wait.Until(t, "three wait", waiting(3))
		s.answers <- nil
		if got := <-s.questions; len(got) != 3 {
			t.Errorf("asked for %v, want each alert once", got)
		}
		broken := errors.New("broken")
		ask(0, broken, 1)
		ask(0, broken, 2)
		wait.Until(t, "two wait", waiting(2))
		s.answers <- nil
		<-s.questions
		s.answers <- broken
		asking.Wait()

		// Whoever does not wait is not waited for.
		ctx, cancel := context.WithCancel(context.Background())
		o.asks.turn <- struct{}{}
		cancel()
		if _, err := o.Told(ctx, []int64{1}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		<-o.asks.turn
	})
}

// panics is a store that fails by a mistake of ours, once.
type panics struct {
	store.Store
	once sync.Once
}

func (s *panics) Alerts(ctx context.Context, fingerprints []int64, limit int) ([]ToldAlert, error) {
	s.once.Do(func() { panic("a mistake") })
	return s.Store.Alerts(ctx, fingerprints, limit)
}

// TestAMistakeDoesNotKeepOthersFromAsking: the server recovers from a panic, so that
// the process lives on, and mail has to go out after it.
func TestAMistakeDoesNotKeepOthersFromAsking(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		opt := f.options().withDefaults()
		st, err := store.Open(t.Context(), f.url, store.Options{Now: opt.Now, Owner: opt.Owner})
		if err != nil {
			t.Fatal(err)
		}
		o := start(&panics{Store: st}, opt)
		f.closeAtEnd(o)
		ask := func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("whoever asks panics: %v", p)
				}
			}()
			_, err = o.Told(t.Context(), []int64{1})
			return err
		}
		if err := ask(); err == nil || !strings.Contains(err.Error(), "a mistake") {
			t.Errorf("%v", err)
		}
		if len(o.asks.turn) > 0 {
			t.Fatal("nobody has a turn any more")
		}
		if err := ask(); err != nil {
			t.Error(err)
		}
	})
}
