package smtp

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestRenegotiationIsRefused: a relay that begins a new handshake in the midst
// of a session could become another one. Go's own server cannot, so OpenSSL's
// plays the relay: it greets, and then asks for a renegotiation (TLS 1.2 is
// the last version that has it).
func TestRenegotiationIsRefused(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("this test needs the openssl command (Debian, Ubuntu: apt-get install openssl)")
	}
	certificate := selfSigned(t)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "relay.pem")
	var both bytes.Buffer
	for _, block := range []*pem.Block{{Type: "PRIVATE KEY", Bytes: key}, {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}} {
		if err := pem.Encode(&both, block); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, both.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(t.Context(), openssl, "s_server", "-accept", "127.0.0.1:0", "-cert", file, "-tls1_2", "-crlf", "-naccept", "1")
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	server.Stderr = server.Stdout
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	ready := make(chan int, 1)
	go func() {
		var all strings.Builder
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			all.WriteString(line)
			switch {
			case strings.HasPrefix(line, "ACCEPT "):
				_, digits, _ := strings.Cut(strings.TrimSpace(line), ":")
				port, _ := strconv.Atoi(digits) // or nothing listens there
				ready <- port
			case strings.Contains(line, "EHLO"):
				// "r" at the beginning of a line is s_server's command.
				_, _ = io.WriteString(in, "r\n")
			case err != nil:
				said <- all.String()
				return
			}
		}
	}()
	var port int
	select {
	case port = <-ready:
	case heard := <-said:
		t.Fatalf("openssl ended at once: %s", heard)
	}
	if _, err := io.WriteString(in, "220 relay.example.com ready\n"); err != nil {
		t.Fatal(err)
	}
	c := Config{
		Host: "127.0.0.1", Port: port, Mode: nhncloud.TLSWrapper, TLS: &tls.Config{InsecureSkipVerify: true},
		EHLOName: "client.example.com", UserName: "AppKey", Password: "SecretKey", Timeout: patience,
	}
	report := Check(testContext(t), c)
	_ = in.Close()
	_ = server.Process.Kill()
	heard := <-said
	_ = server.Wait()
	if report.Err == nil || report.Err.Stage != StageEHLO || !strings.Contains(report.Err.Error(), "renegotiation") {
		t.Errorf("error %v; want no renegotiation\n%s", report.Err, heard)
	}
	if !strings.Contains(heard, "EHLO") || strings.Contains(heard, "AUTH") {
		t.Errorf("openssl heard %s", heard)
	}
}

// TestPlainTextAfterSTARTTLSEndsTheConnection: whether it comes with the 220 or
// in place of the handshake, nothing of it is taken for an answer, and the
// connection is closed.
func TestPlainTextAfterSTARTTLSEndsTheConnection(t *testing.T) {
	const injected = "250-evil.example\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n235 2.7.0 welcome\r\n250 ok\r\n"
	for name, fault := range map[string]relaytest.Fault{
		"with the 220":             {Stage: relaytest.STARTTLS, Action: relaytest.Reply("220 go\r\n" + injected)},
		"half a line with the 220": {Stage: relaytest.STARTTLS, Action: relaytest.Reply("220 go\r\n2")},
		"in the handshake's place": {Stage: relaytest.TLS, Action: relaytest.Reply(injected)},
	} {
		t.Run(name, func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{})
			relay.Fault(fault)
			report := Check(testContext(t), relayConfig(relay, nhncloud.STARTTLS))
			if report.Err == nil || report.Err.Code != failure.TLS || strings.Contains(strings.Join(report.Capabilities, " "), "evil") || report.Mechanism != "" {
				t.Errorf("%+v", report)
			}
			if err := relay.WaitFor(testContext(t), func() bool { open, _, _, _ := relay.Connections(); return open == 0 }); err != nil {
				t.Error("the connection stays open")
			}
			noSecretsLeft(t, relay)
		})
	}
}

// TestOutdatedTLSIsRefused: nothing below TLS 1.2, in either mode.
func TestOutdatedTLSIsRefused(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		for _, mode := range nhncloud.PortModes() {
			t.Run(tls.VersionName(version)+"/"+string(mode), func(t *testing.T) {
				relay := startRelay(t, relaytest.Options{MaxTLS: version})
				report := Check(testContext(t), relayConfig(relay, mode))
				if report.Err == nil || report.Err.Code != failure.TLS || report.Err.Stage != StageTLS || report.Err.English == "" {
					t.Errorf("error %v", report.Err)
				}
				noSecretsLeft(t, relay)
			})
		}
	}
}
