package wait

import (
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fatal is a test that fails.
type fatal struct {
	testing.TB
	said string
}

func (f *fatal) Helper() {}

func (f *fatal) Fatalf(format string, args ...any) {
	f.said = format
	panic(f)
}

func TestWhatNeverHappensEndsTheTest(t *testing.T) {
	for name, waits := range map[string]func(testing.TB){
		"a condition": func(t testing.TB) { Until(t, "it happens", func() bool { return false }) },
		"a channel":   func(t testing.TB) { For(t, "it comes", make(chan int)) },
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &fatal{}
			began := time.Now()
			func() {
				defer func() { _ = recover() }()
				waits(f)
			}()
			if f.said == "" || time.Since(began) < patience {
				t.Errorf("%s: said %q after %s", name, f.said, time.Since(began))
			}
		})
	}
}

func TestWhatHappensIsNoticed(t *testing.T) {
	c := make(chan int, 1)
	c <- 7
	if got := For(t, "it comes", c); got != 7 {
		t.Errorf("%d came", got)
	}
	asked := 0
	Until(t, "it happens", func() bool { asked++; return asked == 3 })
}
