// Package servicetest is a double of the service's REST API. It answers as the
// documentation of API v2.1 says, and has faults to order.
package servicetest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// The credentials that the service takes.
const (
	AppKey    = "AppKey"
	SecretKey = "SecretKey"
)

// Options is how a service behaves. The zero value is the documented one.
type Options struct {
	SecretKey string // SecretKey when empty
	PageSize  int    // the most rows of a page, whatever is asked for; 0: as asked
	TLS       bool   // https, with a certificate that nobody trusts
}

// Mail is one mail to one recipient, as the service lists it.
type Mail struct {
	RequestID  string
	Time       time.Time
	Sender     string
	Recipient  string
	Kind       string // MRT0, MRT1 or MRT2; MRT0 when empty
	Subject    string
	Code       string    // of the status, such as SST2
	Received   time.Time // zero: not
	Opened     time.Time // zero: not
	DSNCode    string
	DSNMessage string
}

// Request is a request that came in.
type Request struct {
	Path   string
	Query  map[string][]string
	Secret string // the header X-Secret-Key
}

// Service is a running double.
type Service struct {
	options Options
	server  *httptest.Server
	ended   chan struct{} // closed by Stop

	mu       sync.Mutex
	mails    []Mail
	fault    Fault
	requests []Request
}

// Start starts a service on this machine.
func Start(o Options) *Service {
	if o.SecretKey == "" {
		o.SecretKey = SecretKey
	}
	s := &Service{options: o, ended: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /email/v2.1/appKeys/{appKey}/sender/mails", s.guard(s.listMails))
	mux.HandleFunc("GET /email/v2.1/appKeys/{appKey}/stats", s.guard(s.stats))
	mux.HandleFunc("POST /mails", s.addMails)
	s.server = httptest.NewUnstartedServer(mux)
	s.server.Config.ErrorLog = silent
	if o.TLS {
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	return s
}

// Stop stops it.
func (s *Service) Stop() {
	close(s.ended)
	s.server.Close()
}

// URL is its address, without a slash at its end.
func (s *Service) URL() string { return s.server.URL }

// addMails is Add for those outside of this process: a list of mails as JSON. It is no
// part of the service's API.
func (s *Service) addMails(w http.ResponseWriter, r *http.Request) {
	var mails []Mail
	if err := json.NewDecoder(r.Body).Decode(&mails); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Add(mails...)
}

// Add has the service list mails, and count them in its statistics.
func (s *Service) Add(mails ...Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, mails...)
}

// Order has it misbehave from now on; the zero Fault is the end of that.
func (s *Service) Order(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests lists what came in, the oldest first.
func (s *Service) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// guard records a request, carries out a fault, and checks the credentials.
func (s *Service) guard(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, Request{r.URL.Path, r.URL.Query(), r.Header.Get("X-Secret-Key")})
		fault := s.fault
		s.mu.Unlock()
		if fault.release != nil {
			select {
			case <-fault.release:
			case <-s.ended:
			}
		}
		switch {
		case fault.act != nil:
			fault.act(s, w, r)
		case r.PathValue("appKey") != AppKey:
			refuse(w, -1000, "Invalid appKey.")
		case r.Header.Get("X-Secret-Key") != s.options.SecretKey:
			refuse(w, -1004, "Invalid secretKey.")
		default:
			handle(w, r)
		}
	}
}

// domain is the part of an address behind the @.
func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
