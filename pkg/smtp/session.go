package smtp

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

const (
	// pingTimeout bounds the check of an idle connection, quitTimeout the
	// farewell: nobody waits long for a relay that may be gone.
	pingTimeout = 3 * time.Second
	quitTimeout = 2 * time.Second
	// lastWordsTimeout bounds the wait for the reason of a failed write.
	lastWordsTimeout = time.Second
	// maxPending is how many replies are read ahead of their use: those of the
	// longest flight (RSET, MAIL, 100 RCPT, DATA) and some to spare.
	maxPending = 128
)

// A session is one authenticated connection to the relay.
//
// It is opened step by step (see plan), each step with its own deadline, and
// read by the goroutine that opens it. From then on a second goroutine reads
// the replies (see listen): so a relay that does not read on before its
// replies are taken cannot stall a long flight, and the end of an idle
// connection is noticed at once.
type session struct {
	*wire
	cfg       *Config
	redactor  redactor
	dialogue  dialogue
	caps      capabilities
	tls       *tls.ConnectionState
	mechanism string
	fellBack  bool // from PLAIN to LOGIN

	replies chan received // closed by listen when it ends
	closing chan struct{} // tells listen that nobody takes replies any more

	mu    sync.Mutex
	cause error // why abort was called

	unfinished   bool // a transaction is open on the relay's side: RSET comes first
	opened       bool // MAIL was accepted in this transaction
	transactions int  // that came to their end before this one, MAIL being accepted
	taken        int  // mails the relay took
	served       bool // a mail has come to its verdict
	previous     *job // the mail before, which is not done until the replies behind it are in step

	spent bool // no more mails are to go on it
	slow  bool // the pool knows that it waits long for the reply to a content
	cut   bool // QUIT cannot be said: an envelope was sent that nobody waits for

	slowTimer *time.Timer   // how long other mails wait with it for the reply to a content
	roundTrip time.Duration // the longest while it was opened

	last   Reply // the last one that was as expected
	more   bool  // the relay had said more already when the last reply was read
	usedAt time.Time
}

// full says whether the session has had as many mails as it may.
func (s *session) full() bool { return s.transactions >= s.cfg.messagesPerSession() }

// received is a reply, or the error that ends the connection.
type received struct {
	reply Reply
	err   error
	more  bool // what follows was there already
}

// failure is an error of this session's connection. Where the connection was
// aborted on this side, the reason for that is the cause.
func (s *session) failure(stage Stage, err error) *Error {
	if cause := s.aborted(); cause != nil {
		err = cause
	}
	return asFailure(stage, err)
}

// watch aborts the session when ctx ends. The returned func stops that, and is
// false when it is too late.
func (s *session) watch(ctx context.Context) (unwatch func() bool) {
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, func() { s.abort(context.Cause(ctx)) })
}

// abort closes the connection under everything that uses it.
func (s *session) abort(cause error) {
	s.mu.Lock()
	if s.cause == nil {
		s.cause = cause
	}
	s.mu.Unlock()
	if s.wire != nil {
		_ = s.raw.Close() // what it could report is of no use any more
	}
}

func (s *session) aborted() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

// listen starts to read replies in the background, until the connection ends
// or close is called.
func (s *session) listen() {
	s.replies = make(chan received, maxPending)
	s.closing = make(chan struct{})
	s.more = s.r.Buffered() > 0
	_ = s.raw.SetReadDeadline(time.Time{}) // a dead connection shows at the read
	go func() {
		defer close(s.replies)
		for {
			reply, err := s.redactor.redactReply(readReply(s.r))
			select {
			case s.replies <- received{reply, err, s.r.Buffered() > 0}:
			case <-s.closing:
				return
			}
			if err != nil {
				return
			}
		}
	}()
}

// reply waits for the next reply within the deadline of a stage. The error
// means that the connection is of no more use: 421 is such an error.
func (s *session) reply(stage Stage, timeout time.Duration) (Reply, *Error) {
	var got received
	select {
	case got = <-s.replies:
	default:
		_ = s.raw.SetReadDeadline(time.Now().Add(timeout)) // a closed connection shows at the read
		got = <-s.replies
	}
	return s.checkReceived(stage, got)
}

// checkReceived returns the reply that was received, or the error that ends the
// session.
func (s *session) checkReceived(stage Stage, got received) (Reply, *Error) {
	s.more = got.more
	s.dialogue.receive(got.reply, got.err)
	switch {
	case got.err != nil:
		return Reply{}, s.failure(stage, got.err)
	case got.reply.Code == 0: // listen is over
		return Reply{}, s.failure(stage, net.ErrClosed)
	case got.reply.Code == 421:
		return got.reply, refusal(stage, got.reply)
	}
	return got.reply, nil
}

// checkSilent makes sure that no reply without a command is there: it would be
// taken for the reply to the next command.
func (s *session) checkSilent(stage Stage) *Error {
	if s.more { // listen has it, or is about to
		_ = s.raw.SetReadDeadline(time.Now().Add(lastWordsTimeout)) // a closed connection shows at the read
		return s.unsolicited(stage, <-s.replies)
	}
	select {
	case got := <-s.replies:
		return s.unsolicited(stage, got)
	default:
		return nil
	}
}

// unsolicited returns the error for a reply that is to no command.
func (s *session) unsolicited(stage Stage, got received) *Error {
	reply, err := s.checkReceived(stage, got)
	if err == nil {
		err = unfit(stage, reply)
		err.Err = errUnsolicited
	}
	return err
}

// line queues a command; ctx is that of the mail it concerns.
func (s *session) line(ctx context.Context, words ...string) {
	s.wire.line(words...)
	s.dialogue.say(ctx, Sent, words...)
}

// ping makes a round trip: NOOP, or RSET where a transaction is open.
func (s *session) ping() *Error {
	stage, command := StageNoop, "NOOP"
	if s.unfinished {
		stage, command = StageRset, "RSET"
	}
	s.line(context.Background(), command)
	if err := s.w.Flush(); err != nil {
		return s.failure(stage, err)
	}
	reply, err := s.reply(stage, min(pingTimeout, s.timeout))
	if err == nil && reply.Code/100 != 2 {
		err = refusal(stage, reply)
	}
	if err == nil {
		s.unfinished = false
		s.usedAt = time.Now()
	}
	return err
}

// quit says QUIT and closes a session that is in order. Its error concerns no mail:
// every mail has its reply.
func (s *session) quit() (Reply, *Error) {
	defer s.close()
	s.line(context.Background(), "QUIT")
	if err := s.w.Flush(); err != nil {
		return Reply{}, s.failure(StageQuit, err)
	}
	reply, err := s.reply(StageQuit, min(quitTimeout, s.timeout))
	if err == nil {
		_ = s.conn.Close() // with TLS's own farewell
		if reply.Code/100 != 2 {
			err = refusal(StageQuit, reply)
		}
	}
	return reply, err
}

// close ends the session at once and waits until nothing of it runs.
func (s *session) close() {
	s.abort(net.ErrClosed)
	close(s.closing)
	for range s.replies {
	}
}
