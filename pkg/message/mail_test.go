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
	pictures   map[string]string // by Content-ID: the type, a space and the data
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
	p.text = nextPart(t, reader, "text/plain; charset=utf-8")
	rest, err := reader.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	if kind, params, _ := mime.ParseMediaType(rest.Header.Get("Content-Type")); kind == "multipart/related" {
		p.html, p.pictures = related(t, multipart.NewReader(rest, params["boundary"]))
	} else {
		p.html = readPart(t, rest, "text/html; charset=utf-8")
	}
	if _, err := reader.NextRawPart(); err != io.EOF {
		t.Errorf("more than two parts: %v", err)
	}
	return p
}

// related reads an HTML part and the pictures that belong to it.
func related(t testing.TB, reader *multipart.Reader) (html string, pictures map[string]string) {
	t.Helper()
	html, pictures = nextPart(t, reader, "text/html; charset=utf-8"), map[string]string{}
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			return html, pictures
		}
		if err != nil {
			t.Fatal(err)
		}
		kind := part.Header.Get("Content-Type")
		id := strings.Trim(part.Header.Get("Content-ID"), "<>")
		if disposition := part.Header.Get("Content-Disposition"); !strings.HasPrefix(disposition, "inline; filename=") || id == "" {
			t.Errorf("the picture %q is %q", id, disposition)
		}
		pictures[id] = kind + " " + readPart(t, part, kind)
	}
}

func nextPart(t testing.TB, reader *multipart.Reader, kind string) string {
	t.Helper()
	part, err := reader.NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	return readPart(t, part, kind)
}

// readPart is what a part of that type holds.
func readPart(t testing.TB, part *multipart.Part, kind string) string {
	t.Helper()
	if got := part.Header.Get("Content-Type"); got != kind {
		t.Errorf("a part is %q, want %q", got, kind)
	}
	return decodeBody(t, part.Header.Get("Content-Transfer-Encoding"), part)
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
