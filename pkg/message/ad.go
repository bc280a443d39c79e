package message

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// maxUnsubscribe bounds the URL, in octets: it stands in a header, where it
// cannot be folded and a line has 998 at most (RFC 5322 section 2.1.1).
const maxUnsubscribe = 900

// checkAdvertiser names what is missing: a request may ask for an ad where the
// settings do not.
func checkAdvertiser(a settings.Advertiser) error {
	if oneLine(a.Name) == "" || oneLine(a.Address) == "" {
		return errors.New("mail type ad must name its sender: set the advertiser's name and address")
	}
	if a.URL == "" && a.Mailbox == nil {
		return errors.New("mail type ad must say how to unsubscribe: set an https URL or a mail address for it")
	}
	if a.URL != "" {
		u, err := url.Parse(a.URL)
		if address := link(a.URL); err != nil || u.Scheme != "https" || address == "" || len(address) > maxUnsubscribe {
			return fmt.Errorf("the unsubscribe URL %.100q is not an https URL of at most %d octets", a.URL, maxUnsubscribe)
		}
	}
	return nil
}

// addUnsubscribe adds List-Unsubscribe (RFC 2369) and, with a URL,
// List-Unsubscribe-Post (RFC 8058).
func addUnsubscribe(u *settings.Unsubscribe, add func(name, value string)) {
	var ways []string
	if u.URL != "" {
		ways = append(ways, "<"+link(u.URL)+">")
	}
	if u.Mailbox != nil {
		ways = append(ways, "<mailto:"+mailtoEscape(u.Mailbox.Mailbox())+">")
	}
	add("List-Unsubscribe", strings.Join(ways, ", "))
	if u.URL != "" {
		add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
}

// unsubscribeLink is where a reader clicks to unsubscribe.
func unsubscribeLink(u settings.Unsubscribe) string {
	if u.URL != "" {
		return link(u.URL)
	}
	return "mailto:" + mailtoEscape(u.Mailbox.Mailbox())
}

// mailtoEscape makes a mailbox part of a mailto URL (RFC 6068).
func mailtoEscape(mailbox string) string {
	return strings.ReplaceAll(url.PathEscape(mailbox), "%40", "@")
}
