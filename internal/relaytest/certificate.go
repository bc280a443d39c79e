package relaytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// Certificate is the kind of certificate the relay shows.
type Certificate string

const (
	// Valid is for the service's host, signed by the relay's CA.
	Valid Certificate = "valid"
	// Expired ended yesterday.
	Expired Certificate = "expired"
	// WrongName is for another host.
	WrongName Certificate = "wrong name"
	// SelfSigned is its own issuer.
	SelfSigned Certificate = "self-signed"
	// UnknownCA is signed by a CA that nobody is told of.
	UnknownCA Certificate = "unknown CA"
)

// authority is the relay's own CA and what it has issued.
type authority struct {
	names []string
	ca    *tls.Certificate
	pem   []byte

	mu      sync.Mutex
	configs map[configKey]*tls.Config
}

// configKey keeps one tls.Config for each behavior, for session tickets are
// good only with the Config that issued them.
type configKey struct {
	certificate Certificate
	maxTLS      uint16
}

func newAuthority(names []string) (*authority, error) {
	ca, err := issue(caTemplate("NHN Cloud Email test relay CA"), nil)
	if err != nil {
		return nil, err
	}
	return &authority{
		names:   append([]string{nhncloud.Host, "localhost", "127.0.0.1", "::1"}, names...),
		ca:      ca,
		pem:     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Certificate[0]}),
		configs: make(map[configKey]*tls.Config),
	}, nil
}

// config is the server's side of TLS for one kind of certificate.
func (a *authority) config(kind Certificate, maxTLS uint16) (*tls.Config, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := configKey{kind, maxTLS}
	if c := a.configs[key]; c != nil {
		return c, nil
	}
	leaf, err := a.leaf(kind)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{Certificates: []tls.Certificate{*leaf}, MaxVersion: maxTLS, MinVersion: tls.VersionTLS12}
	if maxTLS != 0 && maxTLS < tls.VersionTLS12 {
		c.MinVersion = tls.VersionTLS10 // an outdated relay is one of the faults to order
	}
	a.configs[key] = c
	return c, nil
}

func (a *authority) leaf(kind Certificate) (*tls.Certificate, error) {
	template, signer := leafTemplate(a.names), a.ca
	switch kind {
	case Valid:
	case Expired:
		template.NotBefore = time.Now().AddDate(0, -1, 0)
		template.NotAfter = time.Now().AddDate(0, 0, -1)
	case WrongName:
		template = leafTemplate([]string{"mail.example.org"})
	case SelfSigned:
		signer = nil
	case UnknownCA:
		other, err := issue(caTemplate("CA that nobody is told of"), nil)
		if err != nil {
			return nil, err
		}
		signer = other
	default:
		return nil, fmt.Errorf("relaytest: unknown certificate %q: use one of the Certificate constants", kind)
	}
	return issue(template, signer)
}

func caTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
}

func leafTemplate(names []string) *x509.Certificate {
	t := &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		NotBefore:   time.Now().Add(-time.Hour),
		NotAfter:    time.Now().AddDate(0, 3, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	return t
}

// issue makes a key and a certificate for it, signed by signer, or by itself
// when signer is nil.
func issue(template *x509.Certificate, signer *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("relaytest: making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("relaytest: making a serial number: %w", err)
	}
	template.SerialNumber = serial

	parent, by := template, any(key)
	if signer != nil {
		parent, by = signer.Leaf, signer.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		return nil, fmt.Errorf("relaytest: issuing the certificate of %s: %w", template.Subject.CommonName, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("relaytest: reading the certificate of %s back: %w", template.Subject.CommonName, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
