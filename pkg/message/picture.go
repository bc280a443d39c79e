package message

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/html"
)

// maxMail is how large a mail may become with its pictures, in octets: less than
// Postfix takes unless it is told otherwise, which is 10,240,000.
const maxMail = 10_000_000

// Picture is a picture that a mail carries.
type Picture struct {
	ID   string // its Content-ID, without angle brackets
	Type string // its Content-Type
	Data []byte
}

// Shown lists the addresses of the pictures that the HTML part shows, each once.
func (c *Content) Shown(n *alert.Notification) []string {
	var all []string
	for i := range n.Alerts {
		address := clean.WebURL(n.Alerts[i].ImageURL)
		if address != "" && !slices.Contains(all, address) && strings.Contains(c.HTML, html.Source(address)) {
			all = append(all, address)
		}
	}
	return all
}

// Embed makes the mail carry the picture that it shows at an address, and says whether
// there was room for it. The same picture at two addresses is carried once.
func (c *Content) Embed(address, kind string, data []byte) bool {
	sum := sha256.Sum256(data)
	id := hex.EncodeToString(sum[:12]) + "@picture"
	if !slices.ContainsFunc(c.Pictures, func(p Picture) bool { return p.ID == id }) {
		more := append(slices.Clip(c.Pictures), Picture{id, kind, data})
		if (len(c.Text)+len(c.HTML))*3/2+carried(more) > maxMail { // text that is no ASCII grows by that much
			return false
		}
		c.Pictures = more
	}
	c.HTML = strings.ReplaceAll(c.HTML, html.Source(address), `src="cid:`+id+`"`)
	return true
}

// carried is how many octets pictures take in a mail.
func carried(pictures []Picture) (n int) {
	for _, p := range pictures {
		n += len(p.Data)*4/3*78/76 + 1<<10
	}
	return n
}
