// Package relaytest is a relay for tests that answers byte for byte like the
// transcript in the SMTP guide of NHN Cloud Email, records what it is told,
// and takes orders for faults. It works over real sockets, so that another
// process can be its client.
package relaytest

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// Relay is a running relay.
type Relay struct {
	authority *authority
	faults    faults
	records   records
	serving   sync.WaitGroup // accept loops and sessions
	address   string
	ports     [2]int // STARTTLS, TLS wrapper

	mu        sync.Mutex
	opt       Options
	listeners []net.Listener // none while stopped
	stopped   bool
}

// Start starts a relay that listens for STARTTLS and for TLS wrapper clients.
// The caller stops it.
func Start(o Options) (*Relay, error) {
	o = o.withDefaults()
	a, err := newAuthority(o.Names)
	if err != nil {
		return nil, err
	}
	if _, err := a.config(o.Certificate, o.MaxTLS); err != nil {
		return nil, err
	}
	r := &Relay{authority: a, opt: o, stopped: true, address: o.Address, ports: [2]int{o.STARTTLSPort, o.TLSWrapperPort}}
	if err := r.Restart(); err != nil {
		return nil, err
	}
	return r, nil
}

// Host is the address the relay listens on.
func (r *Relay) Host() string { return r.address }

// ServerName is the name in the relay's certificate.
func (r *Relay) ServerName() string { return nhncloud.Host }

// STARTTLSPort is the port where TLS begins with STARTTLS.
func (r *Relay) STARTTLSPort() int { return r.ports[0] }

// TLSWrapperPort is the port where TLS begins with the first byte.
func (r *Relay) TLSWrapperPort() int { return r.ports[1] }

// Credentials are what the relay takes, without a mail type.
func (r *Relay) Credentials() (userName, secretKey string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return appKey, r.opt.SecretKey
}

// CA is the certificate, in PEM, that clients must trust.
func (r *Relay) CA() []byte { return r.authority.pem }

// Fault orders a fault, from now on and for open connections too, until it is
// removed or has acted as often as it should.
func (r *Relay) Fault(f Fault) (remove func()) { return r.faults.add(f) }

// Set changes the options for connections to come. Address, ports and names
// stay as they were.
func (r *Relay) Set(change func(*Options)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.opt)
	r.opt = r.opt.withDefaults()
}

// Drop says reply, line end included, on every open connection, unasked, and
// ends it in good order. An empty reply just ends it.
func (r *Relay) Drop(reply string) {
	for _, s := range r.openSessions() {
		s.drop(reply)
	}
}

// Stop makes the relay go away: dials are refused, open connections end, no
// goroutine is left. What it recorded can still be read, and Restart brings it
// back.
func (r *Relay) Stop() {
	r.mu.Lock()
	for _, l := range r.listeners {
		_ = l.Close() // nothing to do about a listener that is already gone
	}
	r.listeners, r.stopped = nil, true
	r.mu.Unlock()
	for _, s := range r.openSessions() {
		s.kill()
	}
	r.serving.Wait()
}

// Restart brings a stopped relay back on the same ports.
func (r *Relay) Restart() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		return nil
	}
	var listeners []net.Listener
	for i := range r.ports {
		l, err := listen(r.address, r.ports[i])
		if err != nil {
			for _, l := range listeners {
				_ = l.Close()
			}
			return fmt.Errorf("relaytest: %w", err)
		}
		listeners = append(listeners, l)
		if r.ports[i] == 0 {
			r.ports[i] = l.Addr().(*net.TCPAddr).Port
		}
	}
	r.listeners, r.stopped = listeners, false
	for i, l := range listeners {
		wrapper := i == 1
		r.serving.Go(func() { r.accept(l, wrapper) })
	}
	return nil
}

// listen waits a moment for a port in use: while the relay was stopped it may
// have served as the local end of somebody's short connection.
func listen(address string, port int) (net.Listener, error) {
	for try := 0; ; try++ {
		l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if err == nil || try == 50 || port == 0 || !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (r *Relay) accept(l net.Listener, wrapper bool) {
	for {
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(time.Millisecond) // out of file descriptors, say: others will close
			continue
		}
		r.admit(conn, wrapper)
	}
}

func (r *Relay) admit(conn net.Conn, wrapper bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		_ = conn.Close()
		return
	}
	s := newSession(r, r.opt, conn, wrapper)
	r.records.note(func() {
		r.records.total++
		s.seen.ID = r.records.total
		if limit := r.opt.MaxConnections; limit > 0 && r.records.open >= limit {
			r.records.refused++
			s.seen.Refused = true
		} else {
			r.records.open++
			r.records.peak = max(r.records.peak, r.records.open)
		}
		r.records.sessions = append(r.records.sessions, s)
	})
	r.serving.Go(s.serve)
}

func (r *Relay) openSessions() []*session {
	r.records.mu.Lock()
	defer r.records.mu.Unlock()
	var open []*session
	for _, s := range r.records.sessions {
		if !s.ended() {
			open = append(open, s)
		}
	}
	return open
}
