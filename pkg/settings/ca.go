package settings

import (
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"strings"
)

const beginPEM = "-----BEGIN "

var (
	// pemBlock is a PEM block (RFC 7468) wherever it stands: among the other
	// lines that openssl s_client prints, indented, or all on one line.
	pemBlock = regexp.MustCompile(`(?s)` + beginPEM + `([^-]*)-----(.*?)-----END [^-]*-----`)
	// pemLineEnd is what stands between the lines of base64: a real line end, or
	// the escape that environment variables and JSON strings have for it.
	pemLineEnd = regexp.MustCompile(`\s+|\\+[nrt]`)
)

// rootCAs reads the certificates that the relay's must descend from: one or
// more PEM blocks, in any text. Nothing of them is repeated in a message.
func (r *reader) rootCAs(text string) *x509.CertPool {
	switch {
	case strings.TrimSpace(text) == "":
		r.add(keyTLSCACert, noCA)
		return nil
	case text == standIn:
		return nil
	}
	blocks := pemBlock.FindAllStringSubmatch(text, -1)
	if len(blocks) == 0 || len(blocks) != strings.Count(text, beginPEM) {
		r.add(keyTLSCACert, notPEM)
		return nil
	}
	pool := x509.NewCertPool()
	for _, block := range blocks {
		if block[1] != "CERTIFICATE" {
			r.add(keyTLSCACert, notCA)
			return nil
		}
		certificate, err := parseCertificate(block[2])
		if err != nil {
			r.add(keyTLSCACert, unreadableCA)
			return nil
		}
		pool.AddCert(certificate)
	}
	return pool
}

// parseCertificate reads the base64 of a PEM block.
func parseCertificate(body string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(pemLineEnd.ReplaceAllString(body, ""))
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
