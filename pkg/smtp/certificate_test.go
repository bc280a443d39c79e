package smtp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

// selfSigned is a certificate for peers that the test trusts blindly.
func selfSigned(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "scripted relay"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestCertificatesAreToldWithinBounds: the relay wrote what is in them, and it
// goes into logs, the delivery log and a page.
func TestCertificatesAreToldWithinBounds(t *testing.T) {
	var names []string
	for n := range 90 {
		names = append(names, fmt.Sprintf("%s%d.example.com", strings.Repeat("n", 60), n)+"\u202e")
	}
	long := strings.Repeat("\u202eevil ", 2000)
	c := &x509.Certificate{Subject: pkix.Name{CommonName: long}, Issuer: pkix.Name{Organization: []string{long}}, DNSNames: names}
	encoded, err := json.Marshal(describe(c))
	if err != nil {
		t.Fatal(err)
	}
	if len(encoded) > 4000 || !strings.Contains(string(encoded), "and 70 more") || !strings.Contains(string(encoded), "evil") {
		t.Errorf("%d octets: %.400s", len(encoded), encoded)
	}
	failed := asFailure(StageTLS, &tls.CertificateVerificationError{
		UnverifiedCertificates: []*x509.Certificate{c}, Err: x509.HostnameError{Certificate: c, Host: "relay.example.com"},
	})
	words, err := json.Marshal(failed)
	if err != nil {
		t.Fatal(err)
	}
	if len(failed.Error()) > 600 || len(words) > 1500 {
		t.Errorf("%d octets of an error, %d in JSON", len(failed.Error()), len(words))
	}
	for _, told := range []string{failed.Error(), string(words), string(encoded)} {
		if strings.Contains(told, "\u202e") {
			t.Errorf("%q turns around what is read", told)
		}
	}
}
