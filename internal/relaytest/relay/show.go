package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// show writes a mail for people: the envelope, its headers decoded, its plain
// text. What is no mail is shown as it came.
func show(out io.Writer, m relaytest.Mail) error {
	protection := "before TLS"
	if m.TLS {
		protection = "under TLS"
	}
	content, err := m.Read()
	text := strings.Join(content.Header, "\n") + "\n\n" + strings.TrimRight(content.Text, "\n")
	if err != nil {
		text = fmt.Sprintf("(not readable as a mail: %v)\n%q", err, m.Data)
	}
	_, err = fmt.Fprintf(out, "\n--- mail %s from <%s> to <%s>, user %s by %s %s, %d bytes\n%s\n",
		m.QueueID, m.From, strings.Join(m.To, ">, <"), m.UserName, m.Mechanism, protection, len(m.Data), text)
	return err
}
