package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const message = "From: =?utf-8?b?6rK96rOg?= <alerts@example.com>\r\n" +
	"Subject: =?utf-8?q?caf=C3=A9?=\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=x\r\n\r\n" +
	"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nd=C3=A9j=C3=A0 vu\r\n" +
	"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>in HTML</p>\r\n--x--\r\n"

func TestTheCommandTakesMailAndPrintsIt(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-starttls-port", "0", "-tls-wrapper-port", "0", "-ca-file", caFile}, write)
		_ = write.CloseWithError(err)
		ended <- err
	}()
	printed := bufio.NewReader(read)
	first, err := printed.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(`^STARTTLS on (127\.0\.0\.1:\d+), `).FindStringSubmatch(first)
	if at == nil {
		t.Fatalf("printed %q", first)
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)

	c, err := smtp.DialStartTLS(at[1], &tls.Config{RootCAs: roots, ServerName: "smtp-mail.nhncloudservice.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Auth(sasl.NewPlainClient("", "AppKey#auth", "SecretKey")); err != nil {
		t.Fatal(err)
	}
	if err := c.SendMail("alerts@example.com", []string{"ops@example.com"}, strings.NewReader(message)); err != nil {
		t.Fatal(err)
	}
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for !strings.Contains(text.String(), "vu\n") {
		line, err := printed.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q", err, text.String())
		}
		text.WriteString(line)
	}
	for _, want := range []string{"<alerts@example.com> to <ops@example.com>, user AppKey#auth by PLAIN under TLS", "Subject: café\n", "From: 경고 <alerts@example.com>\n", "\ndéjà vu\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in %q", want, text.String())
		}
	}
	if strings.Contains(text.String(), "in HTML") || strings.Contains(first+text.String(), "SecretKey") {
		t.Errorf("printed too much: %q", text.String())
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWrongUseIsRefused(t *testing.T) {
	for name, args := range map[string][]string{
		"unknown flag":    {"-nosuch"},
		"argument":        {"2587"},
		"unwritable CA":   {"-starttls-port", "0", "-tls-wrapper-port", "0", "-ca-file", filepath.Join(t.TempDir(), "no", "ca.pem")},
		"not our address": {"-starttls-port", "0", "-tls-wrapper-port", "0", "-address", "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t.Context(), args, io.Discard); err == nil {
				t.Error("no error")
			}
		})
	}
}
