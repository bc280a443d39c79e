package maildomain

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Resolver looks up names in DNS. *net.Resolver implements it.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// errServer is the error of every lookup when dns_server is not valid.
var errServer = errors.New("dns_server is not host:port")

// New makes a checker that asks server (host:port, or a host for port 53), or the
// system's DNS servers if that is empty. If server is not valid, the error comes with a
// checker that reports every record as unknown.
func New(server string) (*Checker, error) {
	if server == "" {
		return &Checker{resolver("")}, nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		host, port = strings.Trim(server, "[]"), "53"
	}
	if _, err := net.LookupPort("tcp", port); err != nil || host == "" || strings.ContainsAny(host, "/ ") || strings.Contains(host, ":") && !isIP(host) {
		return &Checker{noResolver{}}, fmt.Errorf("%w: %q", errServer, server)
	}
	return &Checker{resolver(net.JoinHostPort(host, port))}, nil
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// WithResolver makes a checker that uses r.
func WithResolver(r Resolver) *Checker { return &Checker{r} }

// resolver makes a resolver of Go's own: a call to the system's resolver cannot be
// cancelled.
func resolver(server string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if server != "" {
			address = server
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		// Without this, a cancelled lookup waits until its own timeout.
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		return conn, nil
	}}
}

// noResolver fails every lookup.
type noResolver struct{}

func (noResolver) LookupTXT(context.Context, string) ([]string, error) { return nil, errServer }
func (noResolver) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, errServer }
func (noResolver) LookupNS(context.Context, string) ([]*net.NS, error) { return nil, errServer }
func (noResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, errServer
}

// txt looks up the TXT records of a name that are meant as records of a kind: others may
// be there, too, and a wildcard answers with any. It is no error if there is no record or
// no such name.
func (l *lookup) txt(ctx context.Context, name string, meant func(record string) bool) ([]string, error) {
	records, err := l.dns.LookupTXT(ctx, absolute(name))
	if notFound(err) {
		return nil, nil
	}
	return slices.DeleteFunc(records, func(r string) bool { return !meant(r) }), err
}

// absolute ends a name with a dot, so that the resolver appends no search domain.
func absolute(name string) string { return strings.TrimSuffix(name, ".") + "." }

// notFound says whether DNS answered that there is no such record. After any other
// error it is unknown whether there is one.
func notFound(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// why returns the hint for a name that could not be looked up.
func why(ctx context.Context, err error) failure.ID {
	dns, ok := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, errServer):
		return failure.DNSServer
	case ctx.Err() != nil, ok && dns.IsTimeout:
		return failure.DNSTimeout
	}
	return failure.DNSFailed
}

// doubt returns why this machine's DNS may differ from what the internet sees: it does
// not know the service's own names, or the domain's name servers are on an internal
// network. It is empty if there is no sign of either.
func (l *lookup) doubt(ctx context.Context) failure.ID {
	for _, name := range slices.Concat(l.sender.Includes, l.sender.Known) {
		switch records, err := l.txt(ctx, name, func(string) bool { return true }); {
		case err != nil:
			return why(ctx, err)
		case len(records) > 0:
			switch inside := l.internal(ctx); {
			case inside:
				return failure.DNSInside
			case ctx.Err() != nil:
				return failure.DNSTimeout
			}
			return ""
		}
	}
	return failure.DNSInside
}

// internal says whether the internet cannot reach a name server of the sender's domain,
// of its organizational domain, or of a domain between them.
func (l *lookup) internal(ctx context.Context) bool {
	for domain := l.sender.Domain; domain != ""; _, domain, _ = strings.Cut(domain, ".") {
		servers, _ := l.dns.LookupNS(ctx, absolute(domain)) // without an answer there is no sign of an internal network
		for _, server := range servers[:min(len(servers), 2)] {
			addresses, _ := l.dns.LookupNetIP(ctx, "ip", absolute(server.Host))
			for _, a := range addresses {
				if a := a.Unmap(); a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
					return true
				}
			}
		}
		if domain == l.parent {
			break
		}
	}
	return false
}
