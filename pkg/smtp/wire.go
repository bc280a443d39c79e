package smtp

import (
	"bufio"
	"net"
	"time"
)

const (
	// readBuffer holds more than the longest reply line, so that a full buffer
	// means a line that is too long.
	readBuffer = 4 << 10
	// writeBuffer is one TLS record.
	writeBuffer = 16 << 10
	// writeChunk is what must be taken within one timeout.
	writeChunk = 64 << 10
)

// A wire is a connection with buffers and with a deadline on each read and
// write. It counts what it wrote, so that a failed write can be placed before
// or after the final dot of a mail.
type wire struct {
	raw     net.Conn // the TCP connection: closing it ends every read and write at once
	conn    net.Conn // raw, or TLS on top of it
	timeout time.Duration
	r       *bufio.Reader
	w       *bufio.Writer
	written int64
}

func newWire(raw net.Conn, timeout time.Duration) *wire {
	c := &wire{raw: raw, timeout: timeout}
	c.use(raw)
	return c
}

// use continues on conn. What was buffered for the old one is forgotten.
func (c *wire) use(conn net.Conn) {
	c.conn = conn
	c.r = bufio.NewReaderSize(conn, readBuffer)
	c.w = bufio.NewWriterSize(c, writeBuffer)
}

// Write puts p on the connection. Each chunk that is taken moves the deadline,
// for reads as well: a relay that takes a large mail slowly is not dead, and
// owes no reply before it has it all.
func (c *wire) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		chunk := p[done:min(len(p), done+writeChunk)]
		if err := c.raw.SetDeadline(time.Now().Add(c.timeout)); err != nil {
			return done, err
		}
		n, err := c.conn.Write(chunk)
		done += n
		c.written += int64(n)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// line queues a command. The writer keeps the first error for flush.
func (c *wire) line(words ...string) {
	for _, word := range words {
		_, _ = c.w.WriteString(word)
	}
	_, _ = c.w.WriteString("\r\n")
}

// queued is how many octets were written or wait in the buffer.
func (c *wire) queued() int64 { return c.written + int64(c.w.Buffered()) }
