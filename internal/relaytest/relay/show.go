package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	_ "github.com/emersion/go-message/charset" // mail in any charset can be read
	"github.com/emersion/go-message/mail"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// show writes a mail for people: the envelope, its headers decoded, its plain
// text. What is no mail is shown as it came.
func show(out io.Writer, m relaytest.Mail) error {
	var b strings.Builder
	protection := "before TLS"
	if m.TLS {
		protection = "under TLS"
	}
	fmt.Fprintf(&b, "\n--- mail %s from <%s> to <%s>, user %s by %s %s, %d bytes\n",
		m.QueueID, m.From, strings.Join(m.To, ">, <"), m.UserName, m.Mechanism, protection, len(m.Data))
	if err := describe(&b, m.Data); err != nil {
		fmt.Fprintf(&b, "(not readable as a mail: %v)\n%q\n", err, m.Data)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func describe(b *strings.Builder, data []byte) error {
	r, err := mail.CreateReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	for fields := r.Header.Fields(); fields.Next(); {
		text, err := fields.Text()
		if err != nil {
			text = fields.Value()
		}
		fmt.Fprintf(b, "%s: %s\n", fields.Key(), text)
	}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		inline, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		if kind, _, err := inline.ContentType(); err != nil || kind != "text/plain" {
			continue
		}
		text, err := io.ReadAll(part.Body)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "\n%s\n", strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"))
	}
}
