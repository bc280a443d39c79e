package smtp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestShiftedReplyCondemnsNobody: with a reply too many at its start, the
// refusal of the last recipient is read as that of DATA.
func TestShiftedReplyCondemnsNobody(t *testing.T) {
	var connections atomic.Int64
	pool := startPool(t, scripted(t, func(s *script) {
		s.opened()
		if connections.Add(1) == 1 {
			s.skip("DATA")
			s.say("250 extra\r\n250 sender\r\n250 a\r\n550 5.1.1 no b\r\n")
			s.line() // what it says upon that
			s.say("354 go\r\n")
			s.skip("")
			return
		}
		for _, reply := range []string{"250 sender\r\n", "250 a\r\n", "550 5.1.1 no b\r\n", "354 go\r\n"} {
			s.line()
			s.say(reply)
		}
		s.skip("")
		s.skip(".")
		s.say("250 taken\r\n")
		s.skip("QUIT")
	}))
	result, err := pool.Send(testContext(t), testMail("a@example.com", "b@example.com"))
	if err != nil || result.Recipients[0].Err != nil {
		t.Errorf("the good one: %v", err)
	}
	if b := result.Recipients[1].Err; b == nil || b.Reply.Code != 550 || b.Stage != StageRcpt {
		t.Errorf("the bad one: %v", b)
	}
	if got := connections.Load(); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
}

// TestVerdictOnAMailWaitsForTheRepliesBehindIt: what looks like the reply to its
// content is one too many, and what follows is that reply.
func TestVerdictOnAMailWaitsForTheRepliesBehindIt(t *testing.T) {
	for extra, real := range map[string]string{"250 extra\r\n": "554 5.7.1 spam\r\n", "554 extra\r\n": "250 taken\r\n"} {
		c := scripted(t, func(s *script) {
			s.opened()
			s.skip("DATA")
			s.say("250 sender\r\n250 a\r\n354 go\r\n")
			s.skip("DATA") // of the next mail, behind the content
			s.say(extra + real + "250 sender\r\n250 b\r\n354 go\r\n")
			s.skip("")
		})
		c.MaxConnections = 1
		pool := startPool(t, c)
		begin := make(chan struct{})
		dial := pool.cfg.Dial
		pool.cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			<-begin
			return dial(ctx, network, addr)
		}
		first := beginMany(t, pool, 1, "a@example.com")
		waitUntil(t, func() bool { return pool.Stats().Waiting == 1 })
		second := beginMany(t, pool, 1, "b@example.com")
		waitUntil(t, func() bool { return pool.Stats().Waiting == 2 })
		close(begin)
		if e := asError(t, <-first); !e.Temporary() || !e.Ambiguous {
			t.Errorf("%q before %q: %v", extra, real, e)
		}
		if e := asError(t, <-second); !e.Temporary() || e.Ambiguous {
			t.Errorf("the mail behind it: %v", e)
		}
	}
}

// noisyRelay answers as a relay behind a middlebox would that now and then says
// something of its own or something twice, or on another connection keeps a
// reply to itself. Both in one flight could be seen by nobody. What the relay
// itself decided is the truth.
type noisyRelay struct {
	mu    sync.Mutex
	noise *rand.Rand
	taken map[string]int // times, by recipient
}

// disturb is what becomes of replies on their way.
func (r *noisyRelay) disturb(reply string, keeps bool) (before, after string, late bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.noise.IntN(60) != 0:
		return "", reply, false
	case keeps:
		return "", "", false
	}
	late = r.noise.IntN(2) == 0
	extra := []string{"250 2.0.0 extra\r\n", "550 5.7.1 extra\r\n", "451 4.3.0 extra\r\n", "354 extra\r\n", "250-two\r\n250 lines\r\n", reply}[r.noise.IntN(6)]
	if r.noise.IntN(4) == 0 {
		return reply, extra, late
	}
	return extra, reply, late
}

// serve is one connection. The recipients say what the relay thinks of them.
func (r *noisyRelay) serve(s *script, lockstep bool) {
	s.say("220 relay ready\r\n")
	s.line()
	if lockstep {
		s.say("250-relay\r\n250 AUTH PLAIN\r\n")
	} else {
		s.say("250-relay\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n")
	}
	s.line()
	s.say("235 ok\r\n")
	r.mu.Lock()
	keeps := r.noise.IntN(5) == 0
	r.mu.Unlock()
	say := func(reply string) {
		before, after, late := r.disturb(reply, keeps)
		if late && before != "" {
			s.say(before)
			before = ""
			time.Sleep(time.Millisecond) // so that they come apart
		}
		s.say(before + after)
	}
	// verdict is say for the replies before and to a content: a 250 that comes
	// alone when the content is there is not to be told from its reply, by nobody.
	verdict := func(reply string) {
		before, after, _ := r.disturb(reply, keeps)
		s.say(before + after)
	}
	var to []string
	open := false
	for {
		line := s.line()
		verb, _, _ := strings.Cut(line, " ")
		switch verb {
		case "":
			return
		case "QUIT":
			s.say("221 bye\r\n")
			return
		case "MAIL":
			to, open = nil, true
			say("250 2.1.0 sender\r\n")
		case "RCPT":
			address := strings.TrimSuffix(strings.TrimPrefix(line, "RCPT TO:<"), ">")
			switch {
			case !open:
				say("503 5.5.1 no sender\r\n")
			case strings.HasPrefix(address, "nobody"):
				say("550 5.1.1 no such user\r\n")
			case strings.HasPrefix(address, "busy"):
				say("450 4.2.1 later\r\n")
			default:
				to = append(to, address)
				say("250 2.1.5 recipient\r\n")
			}
		case "DATA":
			if len(to) == 0 {
				say("554 5.5.1 no valid recipients\r\n")
				continue
			}
			verdict("354 go\r\n")
			spam := false
			for line = s.line(); line != "."; line = s.line() {
				if s.err != nil {
					return
				}
				spam = spam || line == "spam"
			}
			if open = false; spam {
				verdict("554 5.7.1 spam\r\n")
				continue
			}
			r.mu.Lock()
			for _, address := range to {
				r.taken[address]++
			}
			r.mu.Unlock()
			verdict("250 2.0.0 taken\r\n")
		default: // RSET, NOOP
			open = open && verb != "RSET"
			say("250 2.0.0 ok\r\n")
		}
	}
}

// TestNobodyIsMisjudgedInNoise sends 300 mails to 900 recipients. Whoever is
// told to have a mail has it; whoever is given up on was refused by the relay
// itself, or has the mail.
func TestNobodyIsMisjudgedInNoise(t *testing.T) {
	for seed := range uint64(2) {
		for _, lockstep := range []bool{false, true} {
			for _, connections := range []int{1, 4} {
				t.Run(fmt.Sprintf("seed=%d/lockstep=%t/%d connections", seed, lockstep, connections), func(t *testing.T) {
					t.Parallel()
					relay := &noisyRelay{noise: rand.New(rand.NewPCG(seed, 17)), taken: make(map[string]int)}
					c := scripted(t, func(s *script) { relay.serve(s, lockstep) })
					c.MaxConnections, c.Timeout, c.MessageTimeout = connections, 500*time.Millisecond, 500*time.Millisecond
					judgedRight(t, startPool(t, c), relay)
				})
			}
		}
	}
}

func judgedRight(t *testing.T, pool *Pool, relay *noisyRelay) {
	kinds := []string{"good", "nobody", "busy"}
	var wg sync.WaitGroup
	results := make([]Result, 300)
	spam := func(i int) bool { return i%7 == 3 }
	slots := make(chan struct{}, 16)
	for i := range results {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			mail := testMail()
			mail.To = nil
			for k := range 3 {
				kind := kinds[0]
				if (i/3+k)%4 == 0 {
					kind = kinds[(i+k)%3]
				}
				mail.To = append(mail.To, fmt.Sprintf("%s-%d-%d@example.com", kind, i, k))
			}
			if spam(i) {
				mail.Data = [][]byte{[]byte("Subject: x\r\n\r\nspam\r\n")}
			}
			results[i], _ = pool.Send(testContext(t), mail)
		})
	}
	wg.Wait()
	told := 0
	for i, result := range results {
		for _, r := range result.Recipients {
			taken := relay.taken[r.Address] > 0
			refused := strings.HasPrefix(r.Address, "nobody") || spam(i)
			switch {
			case r.Err == nil && !taken:
				t.Errorf("%s is told to have the mail", r.Address)
			case r.Err == nil:
				told++
			case !r.Err.Temporary() && !refused:
				t.Errorf("%s is given up on: %v", r.Address, r.Err)
			}
		}
	}
	if told == 0 {
		t.Error("nobody is known to have the mail")
	}
}
