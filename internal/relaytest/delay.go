package relaytest

import (
	"io"
	"net"
	"time"
)

// delayLine is a connection as seen from the far end of a link: what the peer
// wrote is read half a round trip after it reached the socket, what is written
// reaches the socket half a round trip later. Each chunk carries its own due
// time, so batching costs nothing and saves nothing but round trips.
type delayLine struct {
	net.Conn // the socket
	half     time.Duration
	in, out  chan chunk
	done     <-chan struct{} // the session's end: nothing is delivered any more
	written  chan struct{}   // closed when the writing side has ended

	rest []byte // of the chunk being read
	err  error  // what ended reading
}

// chunk is bytes on their way, or the end of one direction.
type chunk struct {
	due   time.Time
	bytes []byte
	err   error  // reading ended
	last  func() // writing ends with this
}

const (
	chunkBytes = 16 << 10
	lineChunks = 1 << 10 // bounds what is under way in one direction
)

func newDelayLine(socket net.Conn, rtt time.Duration, done <-chan struct{}) *delayLine {
	l := &delayLine{
		Conn:    socket,
		half:    rtt / 2,
		in:      make(chan chunk, lineChunks),
		out:     make(chan chunk, lineChunks),
		done:    done,
		written: make(chan struct{}),
	}
	go l.receive()
	go l.transmit()
	return l
}

func (l *delayLine) receive() {
	buf := make([]byte, chunkBytes)
	for {
		n, err := l.Conn.Read(buf)
		c := chunk{due: time.Now().Add(l.half), bytes: append([]byte(nil), buf[:n]...), err: err}
		select {
		case l.in <- c:
		case <-l.done:
			return
		}
		if err != nil {
			return
		}
	}
}

func (l *delayLine) transmit() {
	defer close(l.written)
	for {
		select {
		case c := <-l.out:
			if !waitUntil(c.due, l.done) {
				return
			}
			if c.last != nil {
				c.last()
				return
			}
			if _, err := l.Conn.Write(c.bytes); err != nil {
				return
			}
		case <-l.done:
			return
		}
	}
}

func (l *delayLine) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		select {
		case c := <-l.in:
			if !waitUntil(c.due, l.done) {
				return 0, net.ErrClosed
			}
			l.rest, l.err = c.bytes, c.err
		case <-l.done:
			return 0, net.ErrClosed
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

func (l *delayLine) Write(p []byte) (int, error) {
	if !l.send(chunk{bytes: append([]byte(nil), p...)}) {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func (l *delayLine) send(c chunk) bool {
	c.due = time.Now().Add(l.half)
	select {
	case l.out <- c:
		return true
	case <-l.written:
		return false
	case <-l.done:
		return false
	}
}

// finish ends writing with last, after all that was written before, and
// returns when that is done.
func (l *delayLine) finish(last func()) {
	if l.send(chunk{last: last}) {
		<-l.written
	}
}

// Close closes the socket once what was written has left.
func (l *delayLine) Close() error {
	l.finish(func() { _ = l.Conn.Close() })
	return nil
}

// Deadlines are for the socket's own time, not the line's. The relay sets
// none; crypto/tls sets one when it closes, which would cut off bytes that are
// still under way.

func (l *delayLine) SetDeadline(time.Time) error      { return nil }
func (l *delayLine) SetReadDeadline(time.Time) error  { return nil }
func (l *delayLine) SetWriteDeadline(time.Time) error { return nil }

// waitUntil waits for t; it is false when done came first.
func waitUntil(t time.Time, done <-chan struct{}) bool {
	d := time.Until(t)
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return false
	}
}
