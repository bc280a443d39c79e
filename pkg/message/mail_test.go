package message

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// parsedMail is a mail as a reader takes it apart, by the standard library and
// not by what wrote it.
type parsedMail struct {
	header     mail.Header
	text, html string
}

func parseMail(t testing.TB, data []byte) parsedMail {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("the mail does not parse: %v\n%s", err, data)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("Content-Type %q: %v", m.Header.Get("Content-Type"), err)
	}
	p := parsedMail{header: m.Header}
	reader := multipart.NewReader(m.Body, params["boundary"])
	for i, want := range []string{"text/plain; charset=utf-8", "text/html; charset=utf-8"} {
		part, err := reader.NextRawPart()
		if err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
		if got := part.Header.Get("Content-Type"); got != want {
			t.Errorf("part %d is %q, want %q", i, got, want)
		}
		encoding := part.Header.Get("Content-Transfer-Encoding")
		body := decodeBody(t, encoding, part)
		if want == "text/plain; charset=utf-8" {
			p.text = body
		} else {
			p.html = body
		}
	}
	if _, err := reader.NextRawPart(); err != io.EOF {
		t.Errorf("more than two parts: %v", err)
	}
	return p
}

// decoded is a header field with its encoded-words resolved.
func (p parsedMail) decoded(t testing.TB, name string) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(p.header.Get(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// checkWire fails on what a strict relay refuses or mangles (RFC 5321 section
// 4.5.3.1.6, RFC 5322 section 2.3, RFC 2047 section 2).
func checkWire(t testing.TB, data []byte) {
	t.Helper()
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		t.Error("the mail does not end in CRLF")
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\r\n"), "\r\n") {
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("line %d holds a bare CR, a bare LF or NUL: %q", i+1, line)
		}
		if !clean.ASCII(line) {
			t.Errorf("line %d is not 7-bit: %q", i+1, line)
		}
		if len(line) > 998 {
			t.Errorf("line %d has %d octets", i+1, len(line))
		}
		if strings.Contains(line, "=?utf-8?") && len(line) > 76 {
			t.Errorf("line %d has an encoded-word and %d octets: %q", i+1, len(line), line)
		}
	}
}

// decodeBody undoes a transfer encoding; line ends become LF.
func decodeBody(t testing.TB, encoding string, r io.Reader) string {
	t.Helper()
	switch encoding {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	default:
		t.Fatalf("transfer encoding %q is not 7-bit safe", encoding)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}
