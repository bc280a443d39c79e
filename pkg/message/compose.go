package message

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/transfer"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// Header is what the mail says of itself, apart from its content.
type Header struct {
	From    address.Address
	ReplyTo *address.Address
	To, Cc  []address.Address
	Mode    settings.RecipientMode
	// MessageID is without angle brackets, at the sender's domain. Individual
	// mail gets one for each recipient instead, from Addressed.
	MessageID string
	// Thread is equal for mails of one conversation: the group key. Empty
	// means that the mail stands alone.
	Thread string
	// Date is shown to the reader in its own location.
	Date time.Time
	// Unsubscribe is for ad mail.
	Unsubscribe *settings.Unsubscribe
	// Fields are further ones. A List-Id among them stands for that of the contact point.
	Fields []settings.Field
}

// Compose builds the whole mail (RFC 5322, multipart/alternative): CRLF line
// ends, 7-bit clean, no line over 76 octets except a single longer word. There
// is never a Bcc field. The same header and content give the same bytes.
//
// In Individual mode the mail carries neither To nor Message-ID; Addressed puts
// them in front when it is sent.
func Compose(h Header, c Content) ([]byte, error) {
	if h.From.Domain == "" {
		return nil, errors.New("the mail has no sender: set fromAddress")
	}
	if h.Date.IsZero() {
		return nil, errors.New("the mail has no date")
	}
	separator := boundary(c)
	mail, err := appendHeader(make([]byte, 0, roughly(c)), h, c, separator)
	if err != nil {
		return nil, err
	}
	mail = appendPart(mail, separator, "plain", c.Text)
	if len(c.Pictures) == 0 {
		mail = appendPart(mail, separator, "html", c.HTML)
	} else {
		mail = appendRelated(mail, separator, c)
	}
	return append(mail, "\r\n--"+separator+"--\r\n"...), nil
}

// roughly estimates how many octets a mail of mostly ASCII takes.
func roughly(c Content) int {
	return (len(c.Text)+len(c.HTML))*9/8 + 2<<10 + carried(c.Pictures)
}

// Addressed puts the To and Message-ID (without angle brackets) of one
// recipient in front of an Individual mail, without copying it.
func Addressed(mail []byte, to address.Address, messageID string) [][]byte {
	front := appendField(nil, "To", mailboxes(to))
	front = appendField(front, "Message-ID", "<"+messageID+">")
	return [][]byte{front, mail}
}

// appendHeader writes the fields of the header.
func appendHeader(mail []byte, h Header, c Content, separator string) ([]byte, error) {
	add := func(name, value string) { mail = appendField(mail, name, value) }

	if h.From.Name == "" {
		h.From.Name = c.FromName
	}
	add("Date", h.Date.Format(time.RFC1123Z))
	add("From", mailboxes(h.From))
	if h.ReplyTo != nil {
		add("Reply-To", mailboxes(*h.ReplyTo))
	}
	switch h.Mode {
	case settings.Individual:
	case settings.Undisclosed:
		add("To", "undisclosed-recipients:;")
	case settings.Single:
		if len(h.To) > 0 {
			add("To", mailboxes(h.To...))
		}
		if len(h.Cc) > 0 {
			add("Cc", mailboxes(h.Cc...))
		}
		if len(h.To)+len(h.Cc) == 0 { // everyone is in Bcc
			add("To", "undisclosed-recipients:;")
		}
	default:
		return nil, fmt.Errorf("recipient mode %q is not single, individual or undisclosed", h.Mode)
	}
	add("Subject", unstructured("Subject", c.Subject))
	if h.Mode != settings.Individual {
		if !validID(h.MessageID) {
			return nil, fmt.Errorf("%q cannot be a Message-ID", h.MessageID)
		}
		add("Message-ID", "<"+h.MessageID+">")
	}
	if h.Thread != "" {
		addThread(h.Thread, h.From.Domain, c.About.Topic, add)
	}
	addFields(h.Fields, add)
	addAbout(c.About, h.From.Domain, h.listed(), add)
	switch c.Priority {
	case view.High:
		add("Importance", "high")
		add("X-Priority", "1 (Highest)")
	case view.Low:
		add("Importance", "low")
		add("X-Priority", "5 (Lowest)")
	}
	// RFC 3834: no out-of-office reply; the second line is Exchange's own.
	add("Auto-Submitted", "auto-generated")
	add("X-Auto-Response-Suppress", "All")
	if h.Unsubscribe != nil {
		addUnsubscribe(h.Unsubscribe, add)
	}
	add("X-Mailer", view.Product)
	add("MIME-Version", "1.0")
	add("Content-Type", "multipart/alternative; boundary=\""+separator+"\"")
	return mail, nil
}

// addUnsubscribe adds List-Unsubscribe (RFC 2369) and, with a URL,
// List-Unsubscribe-Post (RFC 8058).
func addUnsubscribe(u *settings.Unsubscribe, add func(name, value string)) {
	add("List-Unsubscribe", "<"+strings.Join(view.UnsubscribeLinks(*u), ">, <")+">")
	if u.URL != "" {
		add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
}

// appendPart writes a part of the multipart body (RFC 2046 section 5.1.1) in the
// transfer encoding that makes it shorter. Both are 7-bit, whatever the relay
// offers. The line end in front of it is the delimiter's, and behind the header
// the empty line.
func appendPart(mail []byte, separator, subtype, body string) []byte {
	encoding, appendEncoded := transfer.Shorter(body)
	mail = append(mail, "\r\n--"+separator+"\r\n"+
		"Content-Type: text/"+subtype+"; charset=utf-8\r\n"+
		"Content-Transfer-Encoding: "+encoding+"\r\n\r\n"...)
	return appendEncoded(mail, body)
}

// appendRelated writes the HTML part with the pictures that it shows (RFC 2387), as one
// part of the alternative: so Outlook, Gmail and Apple Mail show them without asking.
func appendRelated(mail []byte, separator string, c Content) []byte {
	inner := "=_related" + separator[len("="):] // a reader may compare only how it begins
	mail = append(mail, "\r\n--"+separator+"\r\nContent-Type: multipart/related; type=\"text/html\";\r\n boundary=\""+inner+"\"\r\n"...)
	mail = appendPart(mail, inner, "html", c.HTML)
	for i, p := range c.Pictures {
		name := fmt.Sprintf("picture-%d.%s", i+1, strings.TrimPrefix(p.Type, "image/"))
		mail = append(mail, "\r\n--"+inner+"\r\n"+
			"Content-Type: "+p.Type+"\r\n"+
			"Content-Transfer-Encoding: base64\r\n"+
			"Content-ID: <"+p.ID+">\r\n"+
			"Content-Disposition: inline; filename=\""+name+"\"\r\n\r\n"...)
		mail = transfer.AppendBase64(mail, p.Data)
	}
	return append(mail, "\r\n--"+inner+"--\r\n"...)
}

// boundary separates the parts. "=_" occurs in neither transfer encoding (RFC
// 2045 section 6.7), so no content can hold it; the hash only keeps mails apart
// that are attached to one another.
func boundary(c Content) string {
	sum := sha256.Sum256([]byte(c.Subject + c.Text))
	return "=_" + hex.EncodeToString(sum[:12])
}

// maxID lets the longest domain name (253 octets) follow an id of our own.
const maxID = 320

// validID checks for the id-left "@" id-right of RFC 5322 section 3.6.4.
func validID(id string) bool {
	left, right, ok := strings.Cut(id, "@")
	if !ok || left == "" || right == "" || len(id) > maxID {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("<>()[]\\,;:\"", r)
	}) && !strings.Contains(right, "@")
}
