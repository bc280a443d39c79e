package view

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// maxUnsubscribe bounds the URL, in octets: it stands in a header, where it
// cannot be folded and a line has 998 at most (RFC 5322 section 2.1.1).
const maxUnsubscribe = 900

// Advertiser is the sender's block of an ad mail.
type Advertiser struct {
	Sender, Name string // what it is, and its name with the mail address
	Address      string
	Text, Link   string // to unsubscribe
}

// NewAdvertiser makes the block of a mail from an address; its error names what
// is missing: a request may ask for an ad where the settings do not.
func NewAdvertiser(a settings.Advertiser, from address.Address, w *locale.Words) (*Advertiser, error) {
	if clean.Line(a.Name) == "" || clean.Line(a.Address) == "" {
		return nil, errors.New("mail type ad must name its sender: set the advertiser's name and address")
	}
	if a.URL == "" && a.Mailbox == nil {
		return nil, errors.New("mail type ad must say how to unsubscribe: set an https URL or a mail address for it")
	}
	if a.URL != "" {
		u, err := url.Parse(a.URL)
		if link := clean.URL(a.URL); err != nil || u.Scheme != "https" || link == "" || len(link) > maxUnsubscribe {
			return nil, fmt.Errorf("the unsubscribe URL %.100q is not an https URL of at most %d octets", a.URL, maxUnsubscribe)
		}
	}
	from.Name = clean.Line(a.Name)
	return &Advertiser{
		Sender: w.Say("ad.sender"), Name: from.String(),
		Address: strings.TrimSpace(clean.Text(a.Address)),
		Text:    w.Say("ad.unsubscribe"), Link: UnsubscribeLinks(a.Unsubscribe)[0],
	}, nil
}

// UnsubscribeLinks are the ways to unsubscribe, the best first.
func UnsubscribeLinks(u settings.Unsubscribe) (links []string) {
	if u.URL != "" {
		links = append(links, clean.URL(u.URL))
	}
	if u.Mailbox != nil { // part of a mailto URL: RFC 6068
		links = append(links, "mailto:"+strings.ReplaceAll(url.PathEscape(u.Mailbox.Mailbox()), "%40", "@"))
	}
	return links
}
