package smtp

import (
	"crypto/tls"
)

// tlsConfig is the caller's configuration made fit: TLS 1.2 at least, a name
// to verify, and a cache that lets a redial resume the TLS session.
func tlsConfig(base *tls.Config, host string) *tls.Config {
	c := base.Clone()
	if c == nil {
		c = new(tls.Config)
	}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	if c.ServerName == "" {
		c.ServerName = host
	}
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	}
	// Small first records serve browsers; a mail is read when it is whole.
	c.DynamicRecordSizingDisabled = true
	return c
}
