package picture

import (
	"cmp"
	"context"
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
	services  []netip.AddrPort
}

// ParseHosts reads names of hosts, IP addresses and networks (192.0.2.0/24), with
// commas or spaces between them.
func ParseHosts(list string) (Hosts, error) {
	var h Hosts
	for _, entry := range strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return strings.ContainsRune(", \t\n", r) }) {
		if network, err := netip.ParsePrefix(entry); err == nil {
			if address := network.Addr(); address.Is4In6() && network.Bits() >= 96 {
				network = netip.PrefixFrom(address.Unmap(), network.Bits()-96)
			}
			h.addresses = append(h.addresses, network.Masked())
			continue
		}
		if address, err := netip.ParseAddr(strings.Trim(entry, "[]")); err == nil {
			address = address.Unmap()
			h.addresses = append(h.addresses, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		if service, err := netip.ParseAddrPort(entry); err == nil {
			h.services = append(h.services, plain(service))
			continue
		}
		if u, err := url.Parse("https://" + entry); err != nil || u.Host != entry || u.Hostname() == "" {
			return Hosts{}, fmt.Errorf("%q is no host, IP address or network", entry)
		}
		h.names = append(h.names, entry)
	}
	return h, nil
}

// allow refuses an address that is neither Grafana's own nor one of the hosts.
func (h Hosts) allow(grafana string, u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return refusal("its address is none of the web")
	}
	if own, err := url.Parse(grafana); err == nil && own.Scheme == u.Scheme && origin(own) == origin(u) {
		return nil
	}
	service := net.JoinHostPort(strings.ToLower(u.Hostname()), cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme]))
	if slices.Contains(h.names, origin(u)) || slices.Contains(h.names, service) {
		return nil
	}
	if address, err := netip.ParseAddrPort(service); err == nil && h.named(plain(address)) {
		return nil
	}
	return refusal(fmt.Sprintf("%.100q is neither Grafana's address nor named in image_hosts", u.Host))
}

// named says whether an address is named, itself, with its port or in a network.
func (h Hosts) named(service netip.AddrPort) bool {
	return slices.Contains(h.services, service) || contains(h.addresses, service.Addr())
}

// plain returns an address as it is compared: IPv4 as such, and no zone.
func plain(service netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(service.Addr().Unmap().WithZone(""), service.Port())
}

// refusal is an error of ours, which quotes no answer.
type refusal string

func (r refusal) Error() string { return string(r) }

// origin returns the host of an address, with its port unless that is the scheme's.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// special lists networks whose addresses look public and are not, or lead into
// private networks by translation (RFC 6890).
var special = func() (all []netip.Prefix) {
	for _, network := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
		"::/32", "64:ff9b::/32", "2001::/23", "2002::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(network))
	}
	return all
}()

// contains says whether an address is in one of the networks.
func contains(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) })
}

// control refuses to dial an address that is not public unless that is named itself:
// whoever owns the name of a host can let it lead anywhere.
func (h Hosts) control(_ context.Context, _, dialed string, _ syscall.RawConn) error {
	service, err := netip.ParseAddrPort(dialed)
	if err != nil {
		return err
	}
	service = plain(service)
	address := service.Addr()
	if address.IsGlobalUnicast() && !address.IsPrivate() && !contains(special, address) || h.named(service) {
		return nil
	}
	return fmt.Errorf("%s is not a public address: name it in image_hosts to fetch pictures from there", address)
}
