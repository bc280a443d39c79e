package settings

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// rootCAs reads the certificates that the relay's must descend from: one or
// more PEM blocks. Nothing of them is repeated in a message.
func (r *reader) rootCAs(pemData string) *x509.CertPool {
	const key = keyTLSCACert
	const remedy = "paste the CA's certificate, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, or turn tlsAuthWithCACert off"
	rest := []byte(strings.TrimSpace(pemData))
	if len(rest) == 0 {
		r.add(key, "tlsCACert is missing, but tlsAuthWithCACert is true; %s", remedy)
		return nil
	}
	pool := x509.NewCertPool()
	for len(rest) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			r.add(key, "tlsCACert is not PEM; %s", remedy)
			return nil
		}
		if block.Type != "CERTIFICATE" {
			r.add(key, "tlsCACert holds something other than certificates; %s", remedy)
			return nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			r.add(key, "tlsCACert holds a certificate that cannot be read; %s", remedy)
			return nil
		}
		pool.AddCert(certificate)
	}
	return pool
}
