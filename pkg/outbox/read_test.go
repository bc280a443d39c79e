package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
)

func TestFiltersSelectDeliveries(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		outcomes := map[string]Outcome{
			"disk":  accept,
			"cpu":   refuse5,
			"100%":  {Results: []Result{{Address: "Ops@example.com", Status: Sent}, {Address: "b_b@example.org", Status: Failed, Text: "no"}}},
			"held":  hold,
			"later": defer4,
		}
		began := f.clock.Now()
		for _, name := range []string{"disk", "cpu", "100%", "held", "later"} {
			s := newScript()
			s.answers <- outcomes[name]
			detach := f.attach(o, s)
			n := notification(name)
			n.Recipients = []Recipient{{Address: "Ops@example.com", Kind: To}, {Address: "b_b@example.org", Kind: Cc}}
			switch name {
			case "cpu":
				n.MailType = ""
			case "held":
				n.MailType = "ad"
			}
			if _, err := o.Wait(t.Context(), f.enqueue(o, n).ID); err != nil {
				t.Fatal(err)
			}
			if err := detach(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.clock.advance(time.Minute)
		}
		other := notification("disk")
		other.Source = "2/mail"
		f.enqueue(o, other)

		for name, tt := range map[string]struct {
			filter Filter
			want   string
		}{
			"everything, newest first":    {Filter{}, "later held 100% cpu disk"},
			"from":                        {Filter{From: began.Add(2 * time.Minute)}, "later held 100%"},
			"to is exclusive":             {Filter{To: began.Add(time.Minute)}, "disk"},
			"status":                      {Filter{Statuses: []Status{Sent, Held}}, "held disk"},
			"mail type":                   {Filter{MailTypes: []string{"normal", "auth"}}, "later 100% disk"},
			"mail without type":           {Filter{MailTypes: []string{""}}, "cpu"},
			"recipient, any case":         {Filter{Recipients: []string{"OPS@"}, Statuses: []Status{Sent}}, "disk"},
			"either of two recipients":    {Filter{Recipients: []string{"nobody@", "OPS@"}, Statuses: []Status{Sent}}, "disk"},
			"text in the subject":         {Filter{Text: "SUBJECT of c"}, "cpu"},
			"text in the reason":          {Filter{Text: "authentication"}, "held"},
			"text in the Message-ID":      {Filter{Text: "later@example"}, "later"},
			"percent is no wildcard":      {Filter{Text: "%"}, "100%"},
			"underscore is no wildcard":   {Filter{Text: "c_u"}, ""},
			"underscore is an underscore": {Filter{Recipients: []string{"b_b@"}, Statuses: []Status{Partial}}, "100%"},
			"backslash is no escape":      {Filter{Text: `\`}, ""},
			"quotes are only text":        {Filter{Text: `' OR '1'='1`}, ""},
			"NUL is no end":               {Filter{Text: "c\x00pu"}, "cpu"},
			"all together":                {Filter{From: began, To: began.Add(time.Hour), Statuses: Statuses(), MailTypes: []string{"", "normal"}, Recipients: []string{"ops"}, Text: "disk"}, "disk"},
		} {
			tt.filter.Source = src
			page, next, err := listed(o.List(t.Context(), tt.filter))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var got []string
			for _, d := range page {
				got = append(got, d.Identity)
				if len(d.Recipients) != 2 || len(d.Message) != 0 || d.Source != src {
					t.Errorf("%s: %+v", name, d)
				}
			}
			if strings.Join(got, " ") != tt.want || next != "" {
				t.Errorf("%s: %q (next %q), want %q", name, got, next, tt.want)
			}
		}
		if _, _, err := listed(o.List(t.Context(), Filter{})); err == nil {
			t.Error("a list of every source was given")
		}
	})
}

func TestPagesFollowEachOtherWithoutGapsOrRepeats(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		var want []string
		for i := range 10 {
			want = append(want, f.enqueue(o, notification(fmt.Sprint(i))).ID) // all at the same instant
		}
		slices.Reverse(want)
		var got []string
		filter := Filter{Source: src, Limit: 3}
		for page := range 10 {
			ds, next, err := listed(o.List(t.Context(), filter))
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range ds {
				got = append(got, d.ID)
			}
			if page == 0 { // newer ones do not shift the pages
				f.enqueue(o, notification("new"))
			}
			if filter.Cursor = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		for _, cursor := range []string{"x", "1", ".", "x.y"} {
			if _, _, err := listed(o.List(t.Context(), Filter{Source: src, Cursor: cursor})); err == nil {
				t.Errorf("the cursor %q was taken", cursor)
			}
		}
	})
}

func TestDeliveriesOfOthersAreNotFound(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		d := f.enqueue(o, notification("n"))
		for name, err := range map[string]error{
			"get":    second(o.Get(t.Context(), "2/mail", d.ID)),
			"retry":  second(o.Retry(t.Context(), "2/mail", d.ID)),
			"cancel": second(o.Cancel(t.Context(), "2/mail", d.ID)),
			"none":   second(o.Get(t.Context(), src, "no such id")),
			"wait":   second(o.Wait(t.Context(), NewID())),
		} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestRetryAndCancel(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		finished := make(chan Delivery, 10)
		o := f.open(func(o *Options) { o.Finished = func(d Delivery) { finished <- d } })
		s := newScript()
		f.attach(o, s)
		n := notification("n")
		n.Recipients = append(n.Recipients, Recipient{Address: "b@example.com", Kind: To})
		d := f.enqueue(o, n)
		wait.For(t, "the first attempt", s.started)
		mustBe(t, second(o.Retry(t.Context(), src, d.ID)), ErrNotPossible)
		mustBe(t, second(o.Cancel(t.Context(), src, d.ID)), ErrNotPossible)
		s.answers <- Outcome{Results: []Result{{Address: "a@example.com", Status: Sent}}}
		f.awaitStatus(o, d.ID, Queued)

		f.clock.advance(time.Second)
		retried, err := o.Retry(t.Context(), src, d.ID)
		if err != nil || retried.Status != Queued || !retried.DueAt.Equal(f.clock.Now()) || !retried.ExpiresAt.Equal(f.clock.Now().Add(24*time.Hour)) {
			t.Fatalf("%+v, %v", retried, err)
		}
		if again := wait.For(t, "an attempt without waiting", s.started); !again.ExpiresAt.Equal(retried.ExpiresAt) {
			t.Errorf("it expires at %v, not at %v", again.ExpiresAt, retried.ExpiresAt)
		}
		s.answers <- defer4
		f.awaitStatus(o, d.ID, Queued)

		got, err := o.Cancel(t.Context(), src, d.ID)
		if err != nil || got.Status != Cancelled || got.Recipients[0].Status != Sent || got.Recipients[1].Status != Cancelled {
			t.Fatalf("%+v, %v", got, err)
		}
		if told := wait.For(t, "Finished hears of it", finished); told.ID != d.ID || told.Status != Cancelled {
			t.Errorf("Finished heard of %+v", told)
		}
		if stored := f.get(o, d.ID); stored.Status != Cancelled || stored.FinishedAt.IsZero() || stored.Recipients[1].Status != Cancelled {
			t.Errorf("%+v", stored)
		}
		mustBe(t, second(o.Cancel(t.Context(), src, d.ID)), ErrNotPossible)
		mustBe(t, second(o.Retry(t.Context(), src, d.ID)), ErrNotPossible) // its mail is gone
		f.clock.advance(time.Hour)
		if again := f.enqueue(o, n); again.ID == d.ID {
			t.Error("a cancelled delivery blocks the notification")
		}
	})
}

// TestMailThatIsJustBeingTakenCannotBeCancelled: another process has claimed it
// and not committed yet. Who cancels must not be told that it is taken back.
func TestMailThatIsJustBeingTakenCannotBeCancelled(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		var st faults
		a, b := f.open(), f.openWith(&st)
		d := f.enqueue(a, notification("n"))
		taken, proceed := make(chan struct{}), make(chan struct{})
		claimed, cancelled := make(chan error, 1), make(chan error, 1)
		go func() {
			claimed <- a.write(t.Context(), &operation{name: "claiming", run: func(t *transaction) error {
				_, err := t.takeDue(&source{o: a, name: src}, 1, 0)
				close(taken)
				<-proceed
				return err
			}})
		}()
		<-taken
		before := st.writes.Load()
		go func() { cancelled <- second(b.Cancel(t.Context(), src, d.ID)) }()
		wait.Until(t, "it waits for the other process", func() bool { return st.writes.Load() > before })
		close(proceed)
		if err := <-claimed; err != nil {
			t.Fatal(err)
		}
		mustBe(t, <-cancelled, ErrNotPossible)
		if got := f.get(b, d.ID); got.Status != Sending {
			t.Errorf("it is %s", got.Status)
		}
	})
}

func TestStatsCountByIntervalStatusAndMailType(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		s := newScript()
		f.attach(o, s)
		began := f.clock.Now()
		send := func(name, mailType string, took time.Duration, out Outcome) {
			n := notification(name)
			n.MailType = mailType
			d := f.enqueue(o, n)
			wait.For(t, name, s.started)
			f.clock.advance(took)
			s.answers <- out
			if _, err := o.Wait(t.Context(), d.ID); err != nil {
				t.Fatal(err)
			}
		}
		send("a", "normal", 50*time.Millisecond, accept)
		send("b", "normal", 1234*time.Millisecond, accept)
		send("c", "ad", 15*time.Second, refuse5)
		send("d", "normal", time.Minute, accept) // counts a minute later
		send("e", "", 0, defer4)

		stats, err := o.Stats(t.Context(), src, began, began.Add(time.Hour), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		next := began.Add(time.Minute)
		want := []Stat{
			{Time: began, Status: Failed, MailType: "ad", Count: 1, Latencies: []Latency{{Value: 15 * time.Second, Count: 1}}},
			{Time: began, Status: Sent, MailType: "normal", Count: 2, Latencies: []Latency{{Value: 50 * time.Millisecond, Count: 1}, {Value: 1200 * time.Millisecond, Count: 1}}},
			{Time: next, Status: Queued, MailType: "", Count: 1, Latencies: nil},
			{Time: next, Status: Sent, MailType: "normal", Count: 1, Latencies: []Latency{{Value: time.Minute, Count: 1}}},
		}
		if fmt.Sprint(stats) != fmt.Sprint(want) {
			t.Errorf("got  %v\nwant %v", stats, want)
		}
		if empty, err := o.Stats(t.Context(), src, began.Add(-time.Hour), began, time.Minute); err != nil || len(empty) != 0 {
			t.Errorf("before: %v, %v", empty, err)
		}

		depth, err := o.Depth(t.Context(), src)
		f.clock.advance(time.Second)
		later, err2 := o.Depth(t.Context(), "")
		if err != nil || err2 != nil || depth.Count[Queued] != 1 || total(depth) != 1 || depth.Bytes != int64(len("mail of e")) || later.Oldest-depth.Oldest != time.Second {
			t.Errorf("depth %+v then %+v, %v %v", depth, later, err, err2)
		}
	})
}

func TestQuantile(t *testing.T) {
	latencies := []Latency{{Value: 1, Count: 50}, {Value: 2, Count: 40}, {Value: 3, Count: 9}, {Value: 4, Count: 1}}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 1, 0.51: 2, 0.9: 2, 0.99: 3, 1: 4} {
		if got := Quantile(latencies, q); got != want {
			t.Errorf("Quantile(%v) = %d, want %d", q, got, want)
		}
	}
	if Quantile(nil, 0.5) != 0 {
		t.Error("no latencies have a quantile")
	}
}

func TestMailOfAbsentDataSourcesIsCounted(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		f.enqueue(o, notification("n"))
		waiting, err := o.Waiting(t.Context())
		if err != nil || len(waiting) != 1 || waiting[src] != 1 {
			t.Fatalf("%v, %v", waiting, err)
		}
		f.attach(o, newScript())
		if waiting, err = o.Waiting(t.Context()); err != nil || len(waiting) != 0 {
			t.Errorf("%v, %v", waiting, err)
		}
	})
}

func TestRetentionRemovesWhatIsFinalAndGivesUpWhatNobodyFetched(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		finished := make(chan Delivery, 2*cleanBatch)
		o := f.open(func(opt *Options) {
			opt.Retention = 48 * time.Hour
			opt.Finished = func(d Delivery) { finished <- d }
		})
		detach := f.attach(o, always(accept))
		var old []string
		for i := range cleanBatch + 5 {
			d, err := o.Wait(t.Context(), f.enqueue(o, notification(fmt.Sprint(i))).ID)
			if err != nil {
				t.Fatal(err)
			}
			wait.For(t, "Finished hears of it", finished)
			old = append(old, d.ID)
		}
		if err := detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		forgotten := f.enqueue(o, notification("forgotten"))
		f.clock.advance(47 * time.Hour)
		o.clean()
		f.get(o, old[0])
		f.clock.advance(2 * time.Hour)
		o.clean()
		for _, id := range old {
			mustBe(t, second(o.Get(t.Context(), src, id)), ErrNotFound)
		}
		if d := f.get(o, forgotten.ID); d.Status != Queued {
			t.Errorf("undelivered mail became %s before its time", d.Status)
		}
		f.clock.advance(24 * time.Hour)
		o.clean()
		if d := f.get(o, forgotten.ID); d.Status != Expired || d.Recipients[0].Status != Expired || !strings.Contains(d.Reason, "nobody came") {
			t.Errorf("%+v", d)
		}
		if told := wait.For(t, "Finished hears of it", finished); told.ID != forgotten.ID || told.Status != Expired {
			t.Errorf("Finished heard of %+v", told)
		}
		mustBe(t, second(o.Retry(t.Context(), src, forgotten.ID)), ErrNotPossible) // its mail is gone
	})
}

// TestMailThatIsBeingSentIsNotGivenUp: its data source came back after all that
// time, and just before the cleaning.
func TestMailThatIsBeingSentIsNotGivenUp(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		o, other := f.open(noRenewal), f.open()
		d := f.enqueue(o, notification("n"))
		f.clock.advance(24*time.Hour + 720*time.Hour + time.Minute)
		s := newScript()
		f.attach(o, s)
		wait.For(t, "a send begins", s.started)
		other.clean()
		if got := f.get(other, d.ID); got.Status != Sending {
			t.Errorf("it is %s while it is sent", got.Status)
		}
		s.answers <- accept
		f.awaitStatus(other, d.ID, Sent)
	})
}

// A cursor comes back from a browser: whatever it holds, a list answers or
// refuses it, and the store is not at fault.
func FuzzCursor(f *testing.F) {
	o, err := Open(f.Context(), "memory:", Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := o.Close(context.Background()); err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, cursor string) {
		_, _, err := listed(o.List(t.Context(), Filter{Source: src, Cursor: cursor}))
		if _, broken := errors.AsType[*StorageError](err); broken {
			t.Errorf("%q: %v", cursor, err)
		}
	})
}
