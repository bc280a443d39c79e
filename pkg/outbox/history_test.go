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

// heldStore is a store whose reads of the history wait until the test lets them go.
type heldStore struct {
	store.Store
	questions chan []int64
	answers   chan error
}

func (s *heldStore) History(ctx context.Context, hashes []int64, limit int) ([]EarlierRecord, error) {
	s.questions <- hashes
	if err := <-s.answers; err != nil {
		return nil, err
	}
	return s.Store.History(ctx, hashes, limit)
}

// TestThoseWhoAskMeanwhileAreAnsweredTogether, each with what it asked for.
func TestThoseWhoAskMeanwhileAreAnsweredTogether(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		opt := f.options()
		opt.historyTimeout = time.Hour // it is no matter of time
		opt = opt.withDefaults()
		st, err := store.Open(t.Context(), f.url, store.Options{Now: opt.Now, Owner: opt.Owner})
		if err != nil {
			t.Fatal(err)
		}
		s := &heldStore{st, make(chan []int64), make(chan error)}
		o := start(s, opt)
		f.closeAtEnd(o)
		n := notification("1")
		n.Conversation = "group"
		n.Alerts = []AlertRecord{{Hash: 1, StartsAt: f.clock.Now()}, {Hash: 2, StartsAt: f.clock.Now()}}
		f.enqueue(o, n)

		var asking sync.WaitGroup
		read := func(want int, failure error, hashes ...int64) {
			asking.Go(func() {
				history, err := o.History(context.Background(), hashes)
				if !errors.Is(err, failure) || len(history.ByAlert[hashes[0]]) != want {
					t.Errorf("%v: %+v, %v", hashes, history, err)
				}
			})
		}
		waiting := func(n int) func() bool {
			return func() bool {
				o.history.mu.Lock()
				defer o.history.mu.Unlock()
				return len(o.history.waiting) == n
			}
		}
		read(1, nil, 1)
		if got := <-s.questions; len(got) != 1 {
			t.Errorf("asked for %v", got)
		}
		read(1, nil, 1, 2, 1)
		read(1, nil, 2)
		read(0, nil, 3)
		wait.Until(t, "three wait", waiting(3))
		s.answers <- nil
		if got := <-s.questions; len(got) != 3 {
			t.Errorf("asked for %v, want each alert once", got)
		}
		broken := errors.New("broken")
		read(0, broken, 1)
		read(0, broken, 2)
		wait.Until(t, "two wait", waiting(2))
		s.answers <- nil
		<-s.questions
		s.answers <- broken
		asking.Wait()

		// Whoever does not wait is not waited for.
		ctx, cancel := context.WithCancel(context.Background())
		o.history.turn <- struct{}{}
		cancel()
		if _, err := o.History(ctx, []int64{1}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		<-o.history.turn
	})
}

// panics is a store that fails by a mistake of ours, once.
type panics struct {
	store.Store
	once sync.Once
}

func (s *panics) History(ctx context.Context, hashes []int64, limit int) ([]EarlierRecord, error) {
	s.once.Do(func() { panic("a mistake") })
	return s.Store.History(ctx, hashes, limit)
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
			_, err = o.History(t.Context(), []int64{1})
			return err
		}
		if err := ask(); err == nil || !strings.Contains(err.Error(), "a mistake") {
			t.Errorf("%v", err)
		}
		if len(o.history.turn) > 0 {
			t.Fatal("nobody has a turn any more")
		}
		if err := ask(); err != nil {
			t.Error(err)
		}
	})
}
