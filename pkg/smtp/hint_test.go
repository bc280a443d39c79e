package smtp

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// rsaCertificate is a certificate for nobody in particular: each test says which
// names it has. It signs itself, so it is its own authority.
func rsaCertificate(t *testing.T, template x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// tlsPeer is how to reach a TLS server that trusts its settings alone: it is not
// asked for more than the handshake.
func tlsPeer(t *testing.T, server *tls.Config) Config {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = tls.Server(conn, server).Handshake() // how it ends is the client's to tell
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificates[0].Leaf)
	return Config{
		Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Mode: nhncloud.TLSWrapper,
		TLS:      &tls.Config{RootCAs: roots, ServerName: "relay.example.com"},
		UserName: "AppKey", Password: "SecretKey", Timeout: patience,
	}
}

func TestHintSaysWhatTheTLSOfTheRelayLacks(t *testing.T) {
	named := rsaCertificate(t, x509.Certificate{Subject: pkix.Name{CommonName: "relay.example.com"}, DNSNames: []string{"relay.example.com"}})
	unnamed := rsaCertificate(t, x509.Certificate{Subject: pkix.Name{CommonName: "relay.example.com"}})
	tests := []struct {
		name          string
		server        *tls.Config
		want, wantNot string
	}{
		{
			"TLS 1.2 with RSA key exchange only",
			&tls.Config{
				Certificates: []tls.Certificate{named}, MaxVersion: tls.VersionTLS12,
				CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_CBC_SHA},
			},
			"allow ECDHE cipher suites", "TLS 1.2 or later",
		},
		{
			"TLS 1.1",
			&tls.Config{Certificates: []tls.Certificate{named}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			"TLS 1.2 or later is needed", "ECDHE",
		},
		{
			"a certificate with a Common Name and no SAN",
			&tls.Config{Certificates: []tls.Certificate{unnamed}},
			"issued again with relay.example.com as a SAN", "serverName",
		},
		{
			"no certificate for the name",
			&tls.Config{Certificates: []tls.Certificate{named}, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				return &tls.Config{}, nil // which has no certificate at all
			}},
			"no certificate for relay.example.com", "TLS 1.2 or later",
		},
		{
			"a handshake that the relay gives up for a reason of its own",
			&tls.Config{Certificates: []tls.Certificate{named}, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				return nil, net.ErrClosed
			}},
			"its own log says why", "TLS 1.2 or later",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Check(testContext(t), tlsPeer(t, tt.server)).Err
			if err == nil || err.Code != failure.TLS || err.Stage != StageTLS {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(err.English, tt.want) || strings.Contains(err.English, tt.wantNot) {
				t.Errorf("the hint to %q is %q, want one with %q and without %q", err, err.Hint, tt.want, tt.wantNot)
			}
			if strings.Count(err.Error(), "tls:") != 1 {
				t.Errorf("the stage is not said once: %q", err)
			}
		})
	}
}

// TestRefusedEHLONameIsTold: at whatever stage the relay comes out with it.
func TestRefusedEHLONameIsTold(t *testing.T) {
	for _, tt := range []struct {
		stage relaytest.Stage
		reply string
	}{
		{relaytest.EHLO, "550 Helo rejected\r\n"},
		{relaytest.EHLO2, "550 Helo rejected\r\n"},
		{relaytest.EHLO, "501 5.5.4 invalid domain name\r\n"},
		{relaytest.EHLO, "450 4.7.1 <client.example.com>: Helo command rejected: Host not found\r\n"},
		{relaytest.RCPT, "504 5.5.2 <client.example.com>: Helo command rejected: need fully-qualified hostname\r\n"},
	} {
		t.Run(string(tt.stage)+" "+tt.reply[:3], func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{})
			relay.Fault(relaytest.Fault{Stage: tt.stage, Action: relaytest.Reply(tt.reply)})
			_, err := startPool(t, relayConfig(relay, nhncloud.STARTTLS)).Send(testContext(t), testMail())
			if e := asError(t, err); !strings.Contains(e.English, "set ehloName") {
				t.Errorf("the hint to %q is %q", e, e.Hint)
			}
		})
	}
}

func TestMissingEHLOIsNoRefusedName(t *testing.T) {
	for _, said := range []*Error{
		refusal(StageMail, Reply{Code: 503, Text: "send HELO/EHLO first"}),
		refusal(StageEHLO, Reply{Code: 502, Text: "EHLO not implemented"}),
	} {
		if got := hint(&Config{Host: "relay.example.com", Port: 587}, said).English; strings.Contains(got, "ehloName") {
			t.Errorf("the hint to %q is %q", said, got)
		}
	}
}
