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

// Resolver asks DNS; *net.Resolver does.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// errServer says that dns_server names no server.
var errServer = errors.New("dns_server is not host:port")

// New makes a checker that asks the system's resolver, or a server (host:port, or a
// host for port 53). With a server that cannot be one there is a checker too, which
// finds out nothing.
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

// WithResolver makes a checker that asks r.
func WithResolver(r Resolver) *Checker { return &Checker{r} }

// resolver is Go's own, also where the system has one: that of the system cannot be
// given up before its time.
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
		// A query waits for its answer until its own time is up, whoever gave up.
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		return conn, nil
	}}
}

// noResolver answers nothing.
type noResolver struct{}

func (noResolver) LookupTXT(context.Context, string) ([]string, error) { return nil, errServer }
func (noResolver) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, errServer }
func (noResolver) LookupNS(context.Context, string) ([]*net.NS, error) { return nil, errServer }
func (noResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, errServer
}

// txt looks up the TXT records of a name. No record and no such name are no error.
func (l *lookup) txt(ctx context.Context, name string) ([]string, error) {
	records, err := l.dns.LookupTXT(ctx, absolute(name))
	if notFound(err) {
		return nil, nil
	}
	return records, err
}

// absolute keeps the resolver from appending its search domains.
func absolute(name string) string { return strings.TrimSuffix(name, ".") + "." }

// notFound says that DNS has answered, and that there is nothing. Anything else says
// nothing of what is there.
func notFound(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// why says why a name could not be looked up.
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

// doubt says why this machine's DNS may not be what the internet sees: it does not
// know the service's own names, or has the domain on servers of an internal network.
// It is empty where nothing speaks for that.
func (l *lookup) doubt(ctx context.Context) failure.ID {
	for _, name := range slices.Concat(l.sender.Includes, l.sender.Known) {
		switch records, err := l.txt(ctx, name); {
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

// internal says that a name server of the domain, or of one between it and the one that
// was registered, has an address that the internet cannot reach.
func (l *lookup) internal(ctx context.Context) bool {
	for domain := l.sender.Domain; domain != ""; _, domain, _ = strings.Cut(domain, ".") {
		servers, _ := l.dns.LookupNS(ctx, absolute(domain)) // no answer speaks for nothing
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
