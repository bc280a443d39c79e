package relaytest

import (
	"bytes"
	"errors"
	"io"
	"strings"

	_ "github.com/emersion/go-message/charset" // mail in any charset can be read
	"github.com/emersion/go-message/mail"
)

// Content is a mail as a person sees it.
type Content struct {
	Header     []string // its lines, decoded
	Text, HTML string
}

// Read decodes the mail.
func (m Mail) Read() (c Content, err error) {
	r, err := mail.CreateReader(bytes.NewReader(m.Data))
	if err != nil {
		return c, err
	}
	defer func() { _ = r.Close() }() // there is nothing to close but memory
	for fields := r.Header.Fields(); fields.Next(); {
		text, err := fields.Text()
		if err != nil {
			text = fields.Value()
		}
		c.Header = append(c.Header, fields.Key()+": "+text)
	}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return c, err
		}
		inline, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		content, err := io.ReadAll(part.Body)
		if err != nil {
			return c, err
		}
		text := strings.ReplaceAll(string(content), "\r\n", "\n")
		switch kind, _, _ := inline.ContentType(); kind {
		case "text/plain":
			c.Text += text
		case "text/html":
			c.HTML += text
		}
	}
}
