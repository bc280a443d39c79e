package smtp

import (
	"slices"
	"strings"

	"github.com/emersion/go-sasl"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// capabilities is what a relay offers in its EHLO reply (RFC 5321 section
// 4.1.1.1), in upper case. The lines are for people.
type capabilities struct {
	lines      []string
	starttls   bool
	pipelining bool
	mechanisms []string
}

// parseCapabilities reads the lines after the first. Old relays list their
// mechanisms as "AUTH=LOGIN PLAIN"; that line counts only where the AUTH line
// has none that we speak.
func parseCapabilities(r Reply, redactor redactor) capabilities {
	var c capabilities
	var legacy []string
	for i, line := range strings.Split(r.Text, "\n") {
		if i == 0 {
			continue
		}
		line = strings.ToUpper(strings.TrimSpace(line))
		if line == "" {
			continue
		}
		c.lines = append(c.lines, failure.Bounded(redactor.redact(line)))
		words := strings.Fields(line)
		switch {
		case line == "STARTTLS":
			c.starttls = true
		case line == "PIPELINING":
			c.pipelining = true
		case words[0] == "AUTH":
			c.mechanisms = append(c.mechanisms, words[1:]...)
		case strings.HasPrefix(line, "AUTH="):
			legacy = append(legacy, strings.Fields(line[len("AUTH="):])...)
		}
	}
	if !c.offers(sasl.Plain) && !c.offers(sasl.Login) {
		c.mechanisms = append(c.mechanisms, legacy...)
	}
	return c
}

func (c capabilities) offers(mechanism string) bool { return slices.Contains(c.mechanisms, mechanism) }
