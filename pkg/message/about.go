package message

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// addThread adds what keeps the mails of one group together.
func addThread(thread, domain, topic string, add func(name, value string)) {
	sum := sha256.Sum256([]byte(thread))
	root := "<thread." + hex.EncodeToString(sum[:12]) + "@" + domain + ">"
	// The Message-ID of a mail that was never sent, to which every mail of the
	// thread answers. Mail readers then show them as one conversation, whichever of
	// them arrived.
	add("In-Reply-To", root)
	add("References", root)
	if topic != "" {
		add("Thread-Topic", unstructured("Thread-Topic", topic))
	}
	add("Thread-Index", threadIndex(sum))
}

// threadIndex is the header block of a conversation index (MS-OXOMSG 2.2.1.3): a
// reserved octet, five of a time and a GUID. Outlook compares the whole of it, so
// that the time is one that all mails have.
func threadIndex(sum [sha256.Size]byte) string {
	const guid = 16
	index := []byte{0x01, 0xdc, 0x00, 0x00, 0x00, 0x00}
	return base64.StdEncoding.EncodeToString(append(index, sum[:guid]...))
}

// addAbout adds what filters go by: List-Id (RFC 2919) and fields of our own.
// A mail that is listed has a List-Id already.
func addAbout(a About, domain string, listed bool, add func(name, value string)) {
	if a.ContactPoint != "" && !listed {
		host := a.Host
		if host == "" {
			host = domain
		}
		id := "<" + labelOf(a.ContactPoint) + ".alerts." + host + ">"
		add("List-Id", unstructured("List-Id", listName(a.ContactPoint))+" "+id)
	}
	known := func(n int64) string {
		if n <= 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	for _, field := range [...][2]string{
		{"State", a.State}, {"Severity", a.Severity}, {"Rule", a.Rule}, {"Folder", a.Folder}, {"Org", known(a.Org)},
		{"Digest", known(int64(a.Notifications))},
	} {
		if field[1] != "" {
			name := "X-Grafana-Alert-" + field[0]
			add(name, unstructured(name, field[1]))
		}
	}
}

// listed says whether the fields that a mail is given have a List-Id.
func (h *Header) listed() bool {
	return slices.ContainsFunc(h.Fields, func(f settings.Field) bool { return f.Name == settings.ListID })
}

// addFields adds the fields that a mail is given.
func addFields(fields []settings.Field, add func(name, value string)) {
	for _, f := range fields {
		if f.Name != settings.ListID {
			add(f.Name, unstructured(f.Name, f.Value))
			continue
		}
		phrase, id, _ := strings.Cut(f.Value, "<")
		id = "<" + id
		if phrase = strings.TrimSpace(phrase); phrase != "" {
			id = unstructured(f.Name, listName(strings.Trim(phrase, `"`))) + " " + id
		}
		add(f.Name, id)
	}
}

// listName is a contact point's name as a phrase (RFC 5322 section 3.2.5): in
// quotation marks where it has characters that are special there.
func listName(s string) string {
	s = clean.Cut(clean.Line(s), maxName)
	if !strings.ContainsAny(s, `()<>[]:;@\,."`) || !clean.ASCII(s) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// maxDNSLabel bounds a label of a domain name (RFC 1035), in octets.
const maxDNSLabel = 63

// labelOf is a name as a label of a domain name: letters, digits and hyphens,
// and Punycode where it has others.
func labelOf(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(clean.Line(s)) {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r >= 0x80:
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-") && b.Len() > 0:
			b.WriteByte('-')
		}
	}
	label := strings.TrimSuffix(b.String(), "-")
	if !clean.ASCII(label) {
		ascii, err := idna.Punycode.ToASCII(label)
		if err != nil {
			ascii = ""
		}
		label = ascii
	}
	if label == "" || len(label) > maxDNSLabel {
		sum := sha256.Sum256([]byte(s))
		return "contact-" + hex.EncodeToString(sum[:8])
	}
	return label
}
