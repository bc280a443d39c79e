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

// Hosts lists where an operator lets pictures be fetched from. The zero value has none.
type Hosts struct {
	names     []string // host or host:port, in lower case
	addresses []netip.Prefix
}

// ParseHosts reads names of hosts, IP addresses and networks (192.0.2.0/24), with
// commas or spaces between them.
func ParseHosts(list string) (Hosts, error) {
	var h Hosts
	for _, entry := range strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return strings.ContainsRune(", \t\n", r) }) {
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

// allow refuses an address that is neither Grafana's own nor one of the hosts.
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
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && contains(h.addresses, address) {
		return nil
	}
	return fmt.Errorf("%.100q is neither Grafana's address nor named in image_hosts", u.Host)
}

// origin returns the host of an address, with its port unless that is the scheme's.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// contains says whether an address is in one of the networks.
func contains(networks []netip.Prefix, address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) })
}

// special lists networks whose addresses look public and lead into private networks:
// those of carriers (RFC 6598), of benchmarks (RFC 2544) and of NAT64 (RFC 6052).
var special = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("64:ff9b::/32"),
}

// control refuses to dial an address that is not public unless that is named itself:
// whoever owns the name of a host can let it lead anywhere.
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
	if address.IsGlobalUnicast() && !address.IsPrivate() && !contains(special, address) || contains(h.addresses, address) {
		return nil
	}
	return fmt.Errorf("%s is not a public address: name it in image_hosts to fetch pictures from there", address)
}
