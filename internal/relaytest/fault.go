package relaytest

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Stage is a point in a session at which the relay answers or acts.
type Stage string

// The stages, in the order in which a session comes by them.
const (
	Greeting  Stage = "greeting"
	EHLO      Stage = "EHLO" // before STARTTLS, or at a TLS wrapper port; HELO too
	STARTTLS  Stage = "STARTTLS"
	TLS       Stage = "TLS"       // the handshake, after STARTTLS or on a TLS wrapper port
	EHLO2     Stage = "EHLO2"     // after STARTTLS
	Challenge Stage = "challenge" // each 334 of AUTH
	AUTH      Stage = "AUTH"      // the last reply to AUTH, the credentials having come in
	MAIL      Stage = "MAIL"
	RCPT      Stage = "RCPT"
	DATA      Stage = "DATA"
	Body      Stage = "body"  // each line of a mail's data
	EOM       Stage = "EOM"   // after the final dot, before the mail is taken
	Taken     Stage = "taken" // the mail is taken (it is in Mails), its reply not yet sent
	RSET      Stage = "RSET"
	NOOP      Stage = "NOOP"
	QUIT      Stage = "QUIT"
)

// Fault is an order to misbehave.
type Fault struct {
	Stage Stage
	// Match, when set, is text that must occur, whatever its case: in the
	// command line; at AUTH and Challenge in the user name, so far as it is
	// known; from DATA on in one of the envelope's addresses; at Body in the
	// line.
	Match string
	Skip  int // let that many matches pass first
	Times int // then act that many times; 0 is until removed
	// PerSession counts Skip and Times on each connection by itself.
	PerSession bool
	// Action is what to do. Several faults of one stage are tried in the order
	// they were given; after Delay and Hold the next one has its turn.
	Action Action
	// OnFire, when set, is called on the session's goroutine each time the
	// fault acts, before it does.
	OnFire func()
}

// Action is what a fault does.
type Action struct {
	kind    actionKind
	reply   string
	delay   time.Duration
	release <-chan struct{}
}

type actionKind int

const (
	actReply actionKind = iota
	actReplyAndClose
	actClose
	actReset
	actSilence
	actStall
	actDelay
	actHold
	actFlood
)

// Reply sends raw, line ends included, in place of the usual reply. The
// command is carried out when raw begins with 2 or 3, else not. At TLS raw
// takes the handshake's place; at Body it comes in the midst of the data.
func Reply(raw string) Action { return Action{kind: actReply, reply: raw} }

// ReplyAndClose sends raw and ends the connection in good order, as a server
// that says 421 does.
func ReplyAndClose(raw string) Action { return Action{kind: actReplyAndClose, reply: raw} }

// Close closes the connection at once. Bytes of the client not yet read make
// the kernel send a reset for them, as it does for any server.
func Close() Action { return Action{kind: actClose} }

// Reset ends the connection with an RST.
func Reset() Action { return Action{kind: actReset} }

// Silence answers nothing any more; what the client sends is still read.
func Silence() Action { return Action{kind: actSilence} }

// Partial sends raw, half a line say, and then is silent.
func Partial(raw string) Action { return Action{kind: actSilence, reply: raw} }

// Stall stops reading as well, so that the client's writes fill up. The
// connection closes when the fault is removed.
func Stall() Action { return Action{kind: actStall} }

// Delay waits, then goes on as usual.
func Delay(d time.Duration) Action { return Action{kind: actDelay, delay: d} }

// Hold waits until release is closed, then goes on as usual.
func Hold(release <-chan struct{}) Action { return Action{kind: actHold, release: release} }

// Flood sends raw over and over until the client goes away.
func Flood(raw string) Action { return Action{kind: actFlood, reply: raw} }

// faults are the orders in force.
type faults struct {
	list atomic.Pointer[[]*order] // replaced whole, so that a session without faults takes no lock
	mu   sync.Mutex
}

type order struct {
	Fault
	removed chan struct{}
	seen    map[*session]int // matches so far, under faults.mu; by session, or all under nil
}

func (f *faults) add(ordered Fault) (remove func()) {
	o := &order{Fault: ordered, removed: make(chan struct{}), seen: make(map[*session]int)}
	f.change(func(all []*order) []*order { return append(all, o) })
	return sync.OnceFunc(func() {
		f.change(func(all []*order) []*order {
			return slices.DeleteFunc(all, func(other *order) bool { return other == o })
		})
		close(o.removed)
	})
}

func (f *faults) change(with func([]*order) []*order) {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := with(slices.Clone(f.all()))
	f.list.Store(&changed)
}

func (f *faults) all() []*order {
	if all := f.list.Load(); all != nil {
		return *all
	}
	return nil
}

// due says whether o acts now, on s.
func (f *faults) due(o *order, s *session, at Stage, about string) bool {
	if o.Stage != at || !strings.Contains(strings.ToLower(about), strings.ToLower(o.Match)) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !o.PerSession {
		s = nil
	}
	o.seen[s]++
	return o.seen[s] > o.Skip && (o.Times == 0 || o.seen[s] <= o.Skip+o.Times)
}
