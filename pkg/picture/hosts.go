package picture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// Hosts are where an operator lets pictures be fetched from. The zero value has none.
type Hosts struct {
	names     []string // host or host:port, in lower case
	addresses []netip.Prefix
}

// ParseHosts reads names of hosts, IP addresses and networks (192.0.2.0/24), with
// commas or spaces between them.
func ParseHosts(list string) (Hosts, error) {
	var h Hosts
	for _, entry := range strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' }) {
		if network, err := netip.ParsePrefix(entry); err == nil {
			h.addresses = append(h.addresses, network.Masked())
			continue
		}
		if address, err := netip.ParseAddr(strings.Trim(entry, "[]")); err == nil {
			h.addresses = append(h.addresses, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		if u, err := url.Parse("https://" + entry); err != nil || u.Host != entry || u.Hostname() == "" {
			return Hosts{}, fmt.Errorf("%q is no host, IP address or network", entry)
		}
		h.names = append(h.names, strings.TrimSuffix(entry, ":443"))
	}
	return h, nil
}

// allow refuses an address that is neither Grafana's nor named.
func (h Hosts) allow(grafana string, u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return errors.New("its address is none of the web")
	}
	if own, err := url.Parse(grafana); err == nil && own.Scheme == u.Scheme && origin(own) == origin(u) {
		return nil
	}
	if slices.Contains(h.names, origin(u)) {
		return nil
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil {
		if slices.ContainsFunc(h.addresses, func(p netip.Prefix) bool { return p.Contains(address.Unmap().WithZone("")) }) {
			return nil
		}
	}
	return fmt.Errorf("%.100q is neither Grafana's address nor named in image_hosts", u.Host)
}

// origin is the host of an address, and its port where that is not the scheme's.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// special are addresses that look public and lead into networks of somebody's own:
// those of carriers (RFC 6598), of benchmarks (RFC 2544) and of NAT64 (RFC 6052).
var special = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("64:ff9b::/32"),
}

// control refuses, before a connection is made, an address that is not public
// unless it is named: a name can lead anywhere.
func (h Hosts) control(_ context.Context, _, dialed string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(dialed)
	if err != nil {
		return err
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return err
	}
	address = address.Unmap().WithZone("")
	in := func(p netip.Prefix) bool { return p.Contains(address) }
	if address.IsGlobalUnicast() && !address.IsPrivate() && !slices.ContainsFunc(special, in) || slices.ContainsFunc(h.addresses, in) {
		return nil
	}
	return fmt.Errorf("%s is not a public address: name it in image_hosts to fetch pictures from there", address)
}
