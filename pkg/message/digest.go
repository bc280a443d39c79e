package message

import (
	"fmt"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/digest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/html"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/text"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

type (
	// Digest is what notes say together; the zero value has none yet.
	Digest = digest.Digest
	// Window is the time over which notifications were gathered, and why they were.
	Window = view.Window
)

// NewNote returns what a digest will say of a notification that was accepted at a time,
// as JSON of at most digest.MaxNote octets.
func NewNote(n *alert.Notification, at time.Time) []byte {
	return digest.NewNote(n, at)
}

// DigestSubject is the subject of a digest while it collects, in a language of settings.
func DigestSubject(language string) string { return locale.Get(language).Say("digest.collecting") }

// RenderDigest says what notes say together. The same digest and window give the same
// content. The templates of users are made for one notification, and not used.
func (r *Renderer) RenderDigest(d *Digest, w Window) Content {
	g := d.Gathered()
	v := view.NewDigest(&g, w, r.advertiser, r.words, r.options.Location)
	c := Content{
		Subject: finishSubject(v.Subject, r.options.MailType), Text: text.Render(v), HTML: html.Render(v),
		FromName: r.words.Say("from.name"), Priority: v.Priority(), About: about(v.Model, &g.Notification),
	}
	c.About.Notifications = g.Notes
	c.About.Topic = ""
	if g.Unread > 0 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%d of the %d notes of the digest cannot be read", g.Unread, g.Notes))
	}
	return c
}
