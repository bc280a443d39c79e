package outbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
)

func TestFileThatVanishesIsAnError(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps open files")
	}
	for _, suffix := range []string{"", "-wal"} {
		for name, spoil := range map[string]func(string) error{
			"removed": os.Remove,
			"replaced": func(path string) error {
				return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o600))
			},
		} {
			t.Run(name+suffix, func(t *testing.T) {
				path := sqliteFile(t)
				f := &fixture{T: t, url: "sqlite://" + path, clock: newClock()}
				o := f.open()
				f.enqueue(o, notification("before"))
				if err := spoil(path + suffix); err != nil {
					t.Fatal(err)
				}
				_, _, err := unpack(o.Enqueue(t.Context(), notification("after")))
				if _, ok := errors.AsType[*StorageError](err); !ok || !strings.Contains(err.Error(), path+suffix+" was removed") {
					t.Errorf("error %v", err)
				}
			})
		}
	}
}

func TestProcessesThatStartTogetherAgreeOnTheSchema(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				o, err := Open(context.Background(), f.url, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := o.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestPostgreSQLThatStopsAndStartsLosesNothing(t *testing.T) {
	server := pgtest.Shared(t)
	f := &fixture{T: t, url: pgtest.Database(t), clock: newClock()}
	o := f.open(func(opt *Options) { opt.Now = nil })
	var delivered sync.Map
	f.attach(o, deliver(func(_ context.Context, d Job) Outcome {
		delivered.Store(d.ID, true)
		return accept
	}))
	var acknowledged sync.Map
	var good, bad atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for caller := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				d, _, err := unpack(o.Enqueue(context.Background(), notification(fmt.Sprintf("%d.%d", caller, i))))
				if err != nil {
					bad.Add(1)
					continue
				}
				acknowledged.Store(d.ID, true)
				good.Add(1)
			}
		})
	}
	for range 2 {
		before := good.Load()
		wait.Until(t, "mail is stored", func() bool { return good.Load() > before+20 })
		if err := server.Stop(); err != nil {
			t.Fatal(err)
		}
		failed := bad.Load()
		wait.Until(t, "callers hear of it", func() bool { return bad.Load() > failed })
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
	}
	before := good.Load()
	wait.Until(t, "mail is stored again", func() bool { return good.Load() > before+20 })
	close(stop)
	wg.Wait()
	wait.Until(t, "all that was acknowledged is delivered", func() bool {
		missing := false
		acknowledged.Range(func(id, _ any) bool {
			_, ok := delivered.Load(id)
			missing = !ok
			return ok
		})
		return !missing
	})
}

// TestReadersDoNotKeepMailFromBeingDelivered: dashboards have every connection.
func TestReadersDoNotKeepMailFromBeingDelivered(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		var st faults
		o := f.openWith(&st)
		st.noReads.Store(true)
		f.attach(o, always(accept))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // ends a test that hangs
		defer cancel()
		if d, _, err := unpack(enqueueAndWait(ctx, o, new(notification("n")))); err != nil || d.Status != Sent {
			t.Errorf("%s, %v", d.Status, err)
		}
	})
}
