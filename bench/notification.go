package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// sender is who mails.
const sender = "grafana@example.com"

// notification is what everybody sends: the webhook's body for the plugin, and
// what the plugin makes of it for the others.
type notification struct {
	body    []byte
	content message.Content
}

// firingTwo is a notification of two alerts, as a real Grafana posted it.
func firingTwo() (notification, error) {
	body, err := os.ReadFile("pkg/alert/testdata/grafana-12.3/firing-2.json")
	if err != nil {
		return notification{}, err
	}
	return newNotification(body)
}

// ofTwentyKB is one whose mail has 20 KB.
func ofTwentyKB() (notification, error) {
	body, err := os.ReadFile("pkg/alert/testdata/grafana-12.3/firing-15-hostile-annotations.json")
	if err != nil {
		return notification{}, err
	}
	n, err := newNotification(body)
	if err != nil {
		return n, err
	}
	mail, err := n.mail(nil)
	if err == nil && len(mail) < 20_000 {
		err = fmt.Errorf("the mail has only %d bytes", len(mail))
	}
	return n, err
}

func newNotification(body []byte) (notification, error) {
	decoded, err := alert.Decode(bytes.NewReader(body))
	if err != nil {
		return notification{}, err
	}
	renderer, err := message.NewRenderer(message.Options{Language: "en"})
	if err != nil {
		return notification{}, err
	}
	return notification{body, renderer.Render(context.Background(), decoded, time.Now())}, nil
}

// mail is the whole mail as the plugin would compose it.
func (n notification) mail(to []string) ([]byte, error) {
	from, err := address.Parse(sender)
	if err != nil {
		return nil, err
	}
	h := message.Header{From: from, Mode: settings.Single, MessageID: "bench@example.com", Date: time.Now()}
	for _, s := range to {
		a, err := address.Parse(s)
		if err != nil {
			return nil, err
		}
		h.To = append(h.To, a)
	}
	return message.Compose(h, n.content)
}

// addresses are the recipients of a notification. They carry its number, by
// which the relay's side knows whose mail it has.
func addresses(number, count int) []string {
	to := make([]string, count)
	for i := range to {
		to[i] = fmt.Sprintf("n%d-%d@example.com", number, i)
	}
	return to
}

// numberOf is the number of the notification that a recipient belongs to.
func numberOf(address string) int {
	digits, _, _ := strings.Cut(strings.TrimPrefix(address, "n"), "-")
	number, err := strconv.Atoi(digits)
	if err != nil {
		panic("not a recipient of this run: " + address) // a mistake of ours
	}
	return number
}
