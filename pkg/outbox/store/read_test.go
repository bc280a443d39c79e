package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// log fills a store with one delivery in each state, a minute apart.
func (f *fixture) log() {
	for _, name := range []string{"disk", "cpu", "100%", "held", "later"} {
		n := mail("", "Ops@example.com", "b_b@example.org")
		n.Identity, n.Subject, n.MessageID = name, "Subject of "+name, name+"@example.com"
		switch name {
		case "cpu":
			n.MailType = ""
		case "held":
			n.MailType = "ad"
		}
		d := f.enqueue(f.leased(n)).Delivery
		switch name {
		case "disk":
			f.apply(f.end(d, Sent))
		case "cpu":
			f.apply(f.end(d, Failed))
		case "100%":
			f.apply(f.end(d, Sent, Failed))
		case "held":
			c := f.end(d, Queued)
			c.To.Reason = "" // it is the pause's
			f.apply(c)
			f.write(func(t *Tx) error {
				return t.SetPause(Pause{Sender: Sender{src, "ad"}, Reason: "authentication failed", Since: f.clock})
			})
		case "later":
			f.apply(f.end(d, Queued))
		}
		f.advance(time.Minute)
	}
	other := mail("")
	other.Source = "2/mail"
	f.enqueue(other)
}

func TestFiltersSelectDeliveries(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		began := f.clock
		f.log()
		whole := mail("")
		whole.MailType = "whole"
		whole.Subject = "Whole id"
		f.enqueue(whole)
		for name, tt := range map[string]struct {
			filter Filter
			want   string
		}{
			"newest first":                {Filter{MailTypes: []string{"", "normal", "ad"}}, "later held 100% cpu disk"},
			"from":                        {Filter{From: began.Add(2 * time.Minute), To: began.Add(5 * time.Minute)}, "later held 100%"},
			"to is exclusive":             {Filter{To: began.Add(time.Minute)}, "disk"},
			"status":                      {Filter{Statuses: []Status{Sent, Held}}, "held disk"},
			"status and time":             {Filter{Statuses: []Status{Sent, Held}, To: began.Add(time.Minute)}, "disk"},
			"queued is not held":          {Filter{Statuses: []Status{Queued}, MailTypes: []string{"normal", "ad"}}, "later"},
			"held alone":                  {Filter{Statuses: []Status{Held}}, "held"},
			"sending alone":               {Filter{Statuses: []Status{Sending}}, ""},
			"mail type":                   {Filter{MailTypes: []string{"normal", "auth"}}, "later 100% disk"},
			"mail without type":           {Filter{MailTypes: []string{""}}, "cpu"},
			"recipient, any case":         {Filter{Recipients: []string{"OPS@"}, Statuses: []Status{Sent}}, "disk"},
			"recipient of all":            {Filter{Recipients: []string{"ops@", "b_b"}}, "later held 100% cpu disk"},
			"recipient and time":          {Filter{Recipients: []string{"ops@", "b_b"}, From: began.Add(time.Minute), To: began.Add(2 * time.Minute)}, "cpu"},
			"recipient of none":           {Filter{Recipients: []string{"nobody@"}}, ""},
			"either of two recipients":    {Filter{Recipients: []string{"nobody@", "OPS@"}, Statuses: []Status{Sent}}, "disk"},
			"text in the subject":         {Filter{Text: "SUBJECT of c"}, "cpu"},
			"text in the pause":           {Filter{Text: "Authentication"}, "held"},
			"text in the Message-ID":      {Filter{Text: "later@example"}, "later"},
			"text and status":             {Filter{Text: "Subject", Statuses: []Status{Sent}}, "disk"},
			"percent is no wildcard":      {Filter{Text: "%"}, "100%"},
			"underscore is no wildcard":   {Filter{Text: "c_u"}, ""},
			"underscore is an underscore": {Filter{Recipients: []string{"b_b@"}, Statuses: []Status{Partial}}, "100%"},
			"backslash is no escape":      {Filter{Text: `\`}, ""},
			"quotes are only text":        {Filter{Text: `' OR '1'='1`}, ""},
			"NUL is no end":               {Filter{Text: "c\x00pu"}, "cpu"},
			"whole id":                    {Filter{Text: whole.ID}, whole.Identity},
			"whole Message-ID":            {Filter{Text: whole.MessageID}, whole.Identity},
			"whole id, other state":       {Filter{Text: whole.ID, Statuses: []Status{Sent}}, ""},
			"an id of none":               {Filter{Text: "01900000-0000-7000-8000-999999999999"}, ""},
			"all together":                {Filter{From: began, To: began.Add(time.Hour), Statuses: Statuses(), MailTypes: []string{"", "normal"}, Recipients: []string{"ops"}, Text: "disk"}, "disk"},
		} {
			tt.filter.Source = src
			page, err := f.List(t.Context(), tt.filter)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var got []string
			for _, d := range page.Deliveries {
				got = append(got, d.Identity)
				if len(d.Recipients) == 0 || len(d.Message) != 0 || d.Source != src {
					t.Errorf("%s: %+v", name, d)
				}
			}
			if strings.Join(got, " ") != tt.want || page.Next != "" || !page.SearchedTo.IsZero() {
				t.Errorf("%s: %q (next %q), want %q", name, got, page.Next, tt.want)
			}
		}
		if _, err := f.List(t.Context(), Filter{}); err == nil {
			t.Error("a list of every source was given")
		}
	})
}

// TestPagesFollowEachOtherWithoutGapsOrRepeats for every way through the log.
func TestRecipientsAreThoseOfTheWholeLogOnceEach(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		f.log()
		f.enqueue(mail("", "a@example.com", "Ops@example.com"))
		for limit, want := range map[int][]string{10: {"a@example.com", "b_b@example.org", "ops@example.com"}, 2: nil, 0: {}} {
			got, err := f.Recipients(context.Background(), src, limit)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil && len(got) != limit {
				t.Errorf("%d of them: %q", limit, got)
			}
			if slices.Sort(got); want != nil && !slices.Equal(got, want) { // a database has an alphabet of its own
				t.Errorf("up to %d: %q", limit, got)
			}
		}
	})
}

func TestPagesFollowEachOtherWithoutGapsOrRepeats(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		var want []string
		for range 10 {
			d := f.enqueue(f.leased(mail("", "a@example.com", "b@example.com"))).Delivery // all at the same instant
			f.apply(f.end(d, Sent))
			want = append(want, d.ID)
		}
		slices.Reverse(want)
		for name, filter := range map[string]Filter{
			"log": {}, "state": {Statuses: []Status{Sent, Queued}}, "recipients": {Recipients: []string{"a@", "b@"}}, "text": {Text: "subject of"},
		} {
			filter.Source, filter.Limit = src, 3
			var got []string
			for range 10 {
				page, err := f.List(t.Context(), filter)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, ids(page.Deliveries)...)
				if filter.Cursor == "" { // newer ones do not shift the pages
					n := mail("", "a@example.com")
					n.MailType = "new"
					f.enqueue(n)
				}
				if filter.Cursor = page.Next; page.Next == "" {
					break
				}
			}
			for len(got) > 0 && f.get(got[0]).MailType == "new" { // of the rounds before
				got = got[1:]
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
		}
		for _, cursor := range []string{"x", "1", ".", "x.y", "1.x"} {
			_, err := f.List(t.Context(), Filter{Source: src, Cursor: cursor})
			mustBe(t, err, ErrCursor)
		}
	})
}

// TestSearchThatTakesLongGoesOnWithTheNextPage: it ends with the part of the log that
// it looks through at once, so that nobody waits long for it, and says how far it came.
func TestSearchThatTakesLongGoesOnWithTheNextPage(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		needle := mail("")
		needle.Subject = "needle"
		f.enqueue(needle)
		f.write(func(tx *Tx) error {
			for range 2 * firstChunk {
				if _, err := tx.Enqueue(mail("")); err != nil {
					return err
				}
			}
			return nil
		})
		filter := Filter{Source: src, Text: "needle", Limit: 10}
		s := &search{reader: reader{t.Context(), f.database, f.reads}, f: filter, began: time.Now().Add(-time.Minute)}
		page, err := s.run(position{math.MaxInt64, 0})
		if err != nil || len(page.Deliveries) != 0 || page.Next == "" || page.SearchedTo.IsZero() {
			t.Fatalf("%+v, %v", page, err)
		}
		filter.Cursor = page.Next
		if page, err = f.List(t.Context(), filter); err != nil || !slices.Equal(ids(page.Deliveries), []string{needle.ID}) || page.Next != "" {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// A cursor comes back from a browser: whatever it holds, a list answers or
// refuses it, and the store is not at fault.
func FuzzCursor(f *testing.F) {
	s, err := Open(f.Context(), "memory:", Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := s.Close(); err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, cursor string) {
		_, err := s.List(t.Context(), Filter{Source: src, Cursor: cursor})
		if _, broken := errors.AsType[*StorageError](err); broken {
			t.Errorf("%q: %v", cursor, err)
		}
	})
}

// TestMailThatEndsDuringASearchIsFound, though it is the first of its type that does.
func TestMailThatEndsDuringASearchIsFound(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		d := f.enqueue(f.leased(mail(""))).Delivery
		s := &search{reader: reader{t.Context(), f.database, f.reads}, f: Filter{Source: src, Limit: 10}, began: time.Now()}
		streams, _, err := s.plan()
		mustBe(t, err, nil)
		f.apply(f.end(d, Sent))
		found, err := s.positions(streams, position{math.MaxInt64, 0}, 10)
		if err != nil || len(found) != 1 {
			t.Errorf("%v, %v", found, err)
		}
	})
}

func TestStatsCountByIntervalStatusAndMailType(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		began := f.clock
		send := func(mailType string, took time.Duration, status Status) {
			n := mail("")
			n.MailType = mailType
			d := f.enqueue(f.leased(n)).Delivery
			f.advance(took)
			f.apply(f.end(d, status))
		}
		send("normal", 50*time.Millisecond, Sent)
		send("normal", 1234*time.Millisecond, Sent)
		send("ad", 15*time.Second, Failed)
		send("normal", time.Minute, Sent) // counts a minute later
		send("", 0, Queued)

		stats, err := f.Stats(t.Context(), src, began, began.Add(time.Hour), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		next := began.Add(time.Minute)
		want := []Stat{
			{began, Failed, "ad", 1, []Latency{{15 * time.Second, 1}}},
			{began, Sent, "normal", 2, []Latency{{50 * time.Millisecond, 1}, {1200 * time.Millisecond, 1}}},
			{next, Queued, "", 1, nil},
			{next, Sent, "normal", 1, []Latency{{time.Minute, 1}}},
		}
		if fmt.Sprint(stats) != fmt.Sprint(want) {
			t.Errorf("got  %v\nwant %v", stats, want)
		}
		if empty, err := f.Stats(t.Context(), src, began.Add(-time.Hour), began, time.Minute); err != nil || len(empty) != 0 {
			t.Errorf("before: %v, %v", empty, err)
		}
		ages, err := f.Stats(t.Context(), src, time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), time.Minute)
		if err != nil || fmt.Sprint(ages) != fmt.Sprint(want) {
			t.Errorf("of all times: %v, %v", ages, err)
		}
		depth, err := f.Depth(t.Context(), src)
		f.advance(time.Second)
		later, err2 := f.Depth(t.Context(), "")
		if err != nil || err2 != nil || depth.Count[Queued] != 1 || depth.Bytes == 0 || later.Oldest-depth.Oldest != time.Second {
			t.Errorf("depth %+v then %+v, %v %v", depth, later, err, err2)
		}
	})
}

type countKey struct {
	bucket           int64
	status, mailType string
	latency          int64
}

// statsOf are the counts in order.
func statsOf(of map[countKey]int64) (stats []Stat) {
	keys := slices.SortedFunc(maps.Keys(of), func(a, b countKey) int {
		return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.status, b.status), cmp.Compare(a.mailType, b.mailType), cmp.Compare(a.latency, b.latency))
	})
	for i, k := range keys {
		if i == 0 || keys[i-1].bucket != k.bucket || keys[i-1].status != k.status || keys[i-1].mailType != k.mailType {
			stats = append(stats, Stat{Time: at(k.bucket), Status: Status(k.status), MailType: k.mailType})
		}
		last := &stats[len(stats)-1]
		last.Count += of[k]
		last.Latencies = append(last.Latencies, Latency{time.Duration(k.latency) * time.Millisecond, of[k]})
	}
	return stats
}

// TestRollupSaysWhatTheDeliveriesSay: whatever the range and the interval.
func TestRollupSaysWhatTheDeliveriesSay(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		random := rand.New(rand.NewPCG(1, 2))
		began := f.clock
		var changes []Transition
		f.write(func(tx *Tx) error {
			for i := range 300 {
				n := f.leased(mail(""))
				n.MailType = []string{"normal", "ad"}[random.IntN(2)]
				e, err := tx.Enqueue(n)
				if err != nil {
					return err
				}
				c := f.end(e.Delivery, []Status{Sent, Failed}[random.IntN(2)])
				c.To.FinishedAt = began.Add(time.Duration(i)*2*time.Minute + time.Duration(random.Int64N(int64(2*time.Minute))))
				changes = append(changes, c)
			}
			return nil
		})
		f.apply(changes...)
		f.advance(300 * 2 * time.Minute)
		total := f.clock.Sub(began)
		for range 40 {
			from := began.Add(time.Duration(random.Int64N(int64(total))).Truncate(time.Microsecond))
			to := from.Add(time.Duration(random.Int64N(int64(total))).Truncate(time.Microsecond))
			for _, interval := range []time.Duration{time.Minute, 7 * time.Minute, time.Hour, 3 * time.Hour} {
				got, err := f.Stats(t.Context(), src, from, to, interval)
				if err != nil {
					t.Fatal(err)
				}
				of := map[countKey]int64{}
				for _, c := range changes {
					minuteOf := c.To.FinishedAt.Truncate(time.Minute)
					if !minuteOf.Before(from.Truncate(time.Minute)) && minuteOf.Before(to) {
						bucket := micros(c.To.FinishedAt) / interval.Microseconds() * interval.Microseconds()
						of[countKey{bucket, string(c.To.Status), c.Of.MailType, latencyClass(micros(c.To.FinishedAt) - micros(c.Of.CreatedAt))}]++
					}
				}
				if want := statsOf(of); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%s to %s by %s:\ngot  %v\nwant %v", from, to, interval, got, want)
				}
			}
		}
	})
}

func TestWaitingCountsBySource(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		f.enqueue(mail(""))
		d := f.enqueue(f.leased(mail(""))).Delivery
		f.apply(f.end(d, Sent))
		waiting, err := f.Waiting(t.Context())
		if err != nil || len(waiting) != 1 || waiting[src] != 1 {
			t.Errorf("%v, %v", waiting, err)
		}
	})
}

// TestReaderWhoseTimeIsUpIsToldWhatToDo: two others read the log.
func TestReaderWhoseTimeIsUpIsToldWhatToDo(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		for range cap(f.slot(src)) {
			f.slot(src) <- struct{}{}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := f.List(ctx, Filter{Source: src})
		if err == nil || !strings.Contains(err.Error(), "try again") {
			t.Errorf("error %v", err)
		}
		if _, err := f.Depth(t.Context(), src); err != nil {
			t.Errorf("a short question waits for them: %v", err)
		}
	})
}

// TestReadersOfOneDataSourceLeaveRoomForOthers: whose searches take as long as they
// may, on as many connections as they get.
func TestReadersOfOneDataSourceLeaveRoomForOthers(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		if f.Backend == "memory" { // whoever reads has the database, in turn
			f.slot(src) <- struct{}{}
			select {
			case f.slot("2/mail") <- struct{}{}:
				t.Error("two readers are ahead of the writer")
			default:
			}
			return
		}
		search := func(source string) {
			f.slot(source) <- struct{}{}
			conn, err := f.reads.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
		for range min(cap(f.slot(src)), f.reads.Stats().MaxOpenConnections) {
			search(src)
		}
		if _, err := f.List(t.Context(), Filter{Source: "2/mail"}); err != nil {
			t.Fatalf("another data source: %v", err)
		}
		for free := f.reads.Stats().MaxOpenConnections - f.reads.Stats().InUse; free > 0; free-- {
			search(fmt.Sprint("other ", free))
		}
		d := f.enqueue(f.leased(mail(""))).Delivery
		f.apply(f.end(d, Sent))
		if got := f.get(d.ID); got.Status != Sent {
			t.Errorf("%+v", got)
		}
		for name, ask := range map[string]func() error{
			"the queue":        func() error { _, err := f.Depth(t.Context(), src); return err },
			"what waits":       func() error { _, err := f.Waiting(t.Context()); return err },
			"a mail's outcome": func() error { _, err := f.Get(t.Context(), src, d.ID); return err },
		} {
			if err := ask(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestReadsEndInTime: the database is busy for longer than a reader may wait.
func TestReadsEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, backends[0])
		busy, err := f.writes.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = busy.Close() }()
		for name, ask := range map[string]func() error{
			"the log":        func() error { _, err := f.List(t.Context(), Filter{Source: src}); return err },
			"the statistics": func() error { _, err := f.Stats(t.Context(), src, f.clock, f.clock, time.Minute); return err },
			"the queue":      func() error { _, err := f.Depth(t.Context(), src); return err },
			"a delivery":     func() error { _, err := f.Get(t.Context(), src, "id"); return err },
		} {
			began := time.Now()
			if err := ask(); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
				t.Errorf("%s: %v after %s", name, err, time.Since(began))
			}
		}
	})
}
