// Package dnstest is a DNS server on loopback, with faults to order. It answers as a
// resolver does: it follows CNAMEs, and says NXDOMAIN to what it does not know.
package dnstest

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Server is a running server.
type Server struct {
	udp, tcp *dns.Server
	conns    *connections
	address  string
	done     sync.WaitGroup

	mu      sync.Mutex
	records map[string][]dns.RR
	faults  map[string]Fault
	asked   map[string]int
}

// Fault is what goes wrong with a name.
type Fault int

const (
	// None is as it should be.
	None Fault = iota
	// Silent gives no answer.
	Silent
	// ServFail is an error of the server's.
	ServFail
	// Refused is a server that does not serve this client.
	Refused
	// Huge is an answer over TCP of 300 KB, which no DNS message may be.
	Huge
)

// Start starts a server that knows nothing.
func Start() (*Server, error) {
	var packets net.PacketConn
	var listener net.Listener
	var err error
	for range 20 { // the port that UDP got may be taken for TCP
		if packets, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		if listener, err = net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			break
		}
		_ = packets.Close()
	}
	if err != nil {
		return nil, err
	}
	s := &Server{
		address: packets.LocalAddr().String(), conns: &connections{Listener: listener},
		records: map[string][]dns.RR{}, faults: map[string]Fault{}, asked: map[string]int{},
	}
	s.udp = &dns.Server{PacketConn: packets, Handler: s}
	s.tcp = &dns.Server{Listener: s.conns, Handler: s}
	for _, server := range []*dns.Server{s.udp, s.tcp} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		s.done.Go(func() { _ = server.ActivateAndServe() }) // ends with Stop
		<-started
	}
	return s, nil
}

// Stop ends the server.
func (s *Server) Stop() {
	_ = s.udp.Shutdown()
	_ = s.tcp.Shutdown()
	s.done.Wait()
}

// Address is host:port, for UDP and TCP.
func (s *Server) Address() string { return s.address }

// TXT gives a name these TXT records in place of those it has. Long text is cut into
// strings, as it has to be.
func (s *Server) TXT(name string, texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = dns.CanonicalName(name)
	s.records[name] = nil
	for _, text := range texts {
		s.records[name] = append(s.records[name], txt(name, text))
	}
}

func txt(name, text string) dns.RR {
	rr := &dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60}}
	for len(text) > 255 {
		rr.Txt, text = append(rr.Txt, text[:255]), text[255:]
	}
	rr.Txt = append(rr.Txt, text)
	return rr
}

// Add adds a record as a zone file has it: "example.com. MX 10 mail.example.com.".
func (s *Server) Add(record string) {
	rr, err := dns.NewRR(record)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", record, err)) // a mistake in the caller's source
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := dns.CanonicalName(rr.Header().Name)
	s.records[name] = append(s.records[name], rr)
}

// Fault has every question for a name answered with a fault.
func (s *Server) Fault(name string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[dns.CanonicalName(name)] = f
}

// Asked counts the questions for a name.
func (s *Server) Asked(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[dns.CanonicalName(name)]
}

// ServeDNS implements dns.Handler.
func (s *Server) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = true
	_, isTCP := w.RemoteAddr().(*net.TCPAddr)
	question := query.Question[0]
	fault := s.answer(reply, question)
	switch fault {
	case Silent:
		return
	case ServFail:
		reply.Rcode = dns.RcodeServerFailure
	case Refused:
		reply.Rcode = dns.RcodeRefused
	case Huge:
		if isTCP {
			s.conns.pour(w.RemoteAddr(), reply, question.Name)
			return
		}
		reply.Truncated = true
	case None:
		if !isTCP {
			size := dns.MinMsgSize
			if o := query.IsEdns0(); o != nil {
				size = int(o.UDPSize())
			}
			reply.Truncate(size)
		}
	}
	_ = w.WriteMsg(reply) // whoever asked may be gone
}

// answer fills in what is known, and returns the fault that was ordered.
func (s *Server) answer(reply *dns.Msg, q dns.Question) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := dns.CanonicalName(q.Name)
	s.asked[name]++
	if fault := s.faults[name]; fault != None {
		return fault
	}
	for range 8 {
		records, known := s.records[name]
		if !known {
			reply.Rcode = dns.RcodeNameError
		}
		next := ""
		for _, rr := range records {
			if rr.Header().Rrtype == q.Qtype {
				reply.Answer = append(reply.Answer, dns.Copy(rr))
			} else if alias, ok := rr.(*dns.CNAME); ok {
				reply.Answer, next = append(reply.Answer, dns.Copy(rr)), dns.CanonicalName(alias.Target)
			}
		}
		if next == "" {
			break
		}
		name = next
	}
	return None
}

// connections remembers the connections of a listener.
type connections struct {
	net.Listener
	open sync.Map // by the address of the other side
}

// Accept implements net.Listener.
func (c *connections) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.open.Store(conn.RemoteAddr().String(), conn)
	}
	return conn, err
}

// pour writes 300 KB where an answer belongs: as many as its length can say, and
// then more.
func (c *connections) pour(to net.Addr, reply *dns.Msg, name string) {
	found, ok := c.open.Load(to.String())
	if !ok {
		return
	}
	for range 250 {
		reply.Answer = append(reply.Answer, txt(dns.CanonicalName(name), strings.Repeat("x", 200)))
	}
	reply.Compress = true
	packed, err := reply.Pack()
	if err != nil {
		panic(err) // a mistake here
	}
	packed[6], packed[7] = 0x05, 0x00 // it announces more records than there are
	all := append([]byte{0xff, 0xff}, packed...)
	all = append(all, bytes.Repeat([]byte{0xff}, 300<<10-len(all))...)
	_, _ = found.(net.Conn).Write(all) // whoever asked reads no more than a message
}
