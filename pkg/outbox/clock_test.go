package outbox

import (
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
)

// TestClockJumpsLoseAndRepeatNothing: the store's clock jumps while a mail is
// queued for a retry, being sent, or held. It goes out, and once.
func TestClockJumpsLoseAndRepeatNothing(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, 30 * 24 * time.Hour, -time.Hour, -30 * 24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			onEveryEngine(t, func(t *testing.T, f *fixture) {
				// The leases stay long enough: of another process there is a test.
				var st faults
				o := f.openWith(&st, func(opt *Options) { opt.Renew = 5 * time.Millisecond })
				s := newScript()
				f.attach(o, s)

				sending := f.enqueue(o, notification("sending"))
				wait.For(t, "a send begins", s.started)
				f.clock.advance(jump)
				st.waitForWrites(t, 5) // of the loops that look at the clock
				s.answers <- accept
				if d := f.awaitStatus(o, sending.ID, Sent); d.Attempt != 1 {
					t.Errorf("sent %d times", d.Attempt)
				}

				queued := f.enqueue(o, notification("queued"))
				wait.For(t, "a send begins", s.started)
				s.answers <- defer4
				f.awaitStatus(o, queued.ID, Queued)
				wait.Until(t, "the retry is planned", func() bool { return len(o.working(src)) == 0 })
				f.clock.advance(jump)
				if jump < 0 {
					f.clock.advance(15 * time.Minute) // the longest pause and more
				}
				wait.For(t, "the second attempt", s.started)
				s.answers <- accept
				if d := f.awaitStatus(o, queued.ID, Sent); d.Attempt != 2 {
					t.Errorf("%d attempts", d.Attempt)
				}

				held := f.enqueue(o, notification("held"))
				wait.For(t, "a send begins", s.started)
				s.answers <- hold
				f.awaitStatus(o, held.ID, Held)
				f.clock.advance(jump)
				if err := o.Resume(t.Context(), src, "normal"); err != nil {
					t.Fatal(err)
				}
				wait.For(t, "the attempt after the resumption", s.started)
				s.answers <- accept
				f.awaitStatus(o, held.ID, Sent)
			})
		})
	}
}

// TestAgesAreOfTheDatabasesClock: PostgreSQL's may be off from a replica's.
func TestAgesAreOfTheDatabasesClock(t *testing.T) {
	for _, off := range []string{"10 minutes", "-10 minutes"} {
		location := pgtest.Database(t)
		db, err := sql.Open("pgx", location)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), `CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
			AS $$ SELECT pg_catalog.clock_timestamp() + interval '`+off+`' $$`)
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		o, err := Open(t.Context(), location+"%2Cpg_catalog", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := unpack(o.Enqueue(t.Context(), notification("n"))); err != nil {
			t.Fatal(err)
		}
		if depth, err := o.Depth(t.Context(), src); err != nil || depth.Oldest <= 0 || depth.Oldest > 5*time.Minute {
			t.Errorf("mail that has just come is %s old, %v", depth.Oldest, err)
		}
		if err := o.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestClockThatJumpsTakesNoMailFromTheOneWhoSendsIt: another process that sees
// the jump first does not take the lease for one that ran out.
func TestClockThatJumpsTakesNoMailFromTheOneWhoSendsIt(t *testing.T) {
	for _, jump := range []time.Duration{20 * time.Second, time.Hour, 60 * 24 * time.Hour, -time.Hour, -60 * 24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			onSharedEngines(t, func(t *testing.T, f *fixture) {
				var st faults
				sends, other := f.open(noRenewal), f.openWith(&st)
				first, second := newScript(), newScript()
				f.attach(sends, first)
				d := f.enqueue(sends, notification("n"))
				wait.For(t, "the send begins", first.started)
				f.attach(other, second)
				look := func() {
					t.Helper()
					if err := other.Resume(t.Context(), src, "normal"); err != nil { // makes it look
						t.Fatal(err)
					}
					other.clean()
					st.waitForWrites(t, 5)
				}
				look()
				// Not in the midst of a claim, which would take the new end of the lease
				// for one of long ago.
				set := sync.OnceFunc(func() { f.clock.advance(jump) })
				if err := other.write(t.Context(), &operation{name: "setting the clock", run: func(*transaction) error { set(); return nil }}); err != nil {
					t.Fatal(err)
				}
				look()
				select {
				case <-second.started:
					t.Fatal("another process sends the mail, too")
				default:
				}
				f.clock.advance(11 * time.Second) // and the one who sends it has died
				if again := wait.For(t, "the other process sends", second.started); again.ID != d.ID || again.Attempt != 2 {
					t.Fatalf("%+v", again)
				}
				second.answers <- accept
				f.awaitStatus(other, d.ID, Sent)
				first.answers <- accept
			})
		})
	}
}
