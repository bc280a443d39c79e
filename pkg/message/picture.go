package message

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/html"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
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
	p := Picture{view.ContentID(data), kind, data}
	if !c.carry(p) {
		return false
	}
	c.HTML = strings.ReplaceAll(c.HTML, html.Source(address), `src="cid:`+p.ID+`"`)
	return true
}

// carry adds a picture, once, if there is room for it.
func (c *Content) carry(p Picture) bool {
	if slices.ContainsFunc(c.Pictures, func(other Picture) bool { return p.ID == other.ID }) {
		return true
	}
	more := append(slices.Clip(c.Pictures), p)
	if (len(c.Text)+len(c.HTML))*3/2+carried(more) > maxMail { // text that is no ASCII grows by that much
		return false
	}
	c.Pictures = more
	return true
}

// carryCharts makes the mail carry the charts that its HTML part shows.
func (c *Content) carryCharts(n *alert.Notification) {
	for i := range n.Alerts {
		if drawn := n.Alerts[i].Chart; drawn != nil {
			if p := (Picture{view.ContentID(drawn.PNG), "image/png", drawn.PNG}); strings.Contains(c.HTML, "cid:"+p.ID) {
				c.carry(p)
			}
		}
	}
}

// Inline returns the HTML part with its pictures in it, for a page that shows it: those
// of a mail are found by mail programs only.
func (c *Content) Inline() string {
	page := c.HTML
	for _, p := range c.Pictures {
		page = strings.ReplaceAll(page, "cid:"+p.ID, "data:"+p.Type+";base64,"+base64.StdEncoding.EncodeToString(p.Data))
	}
	return page
}

// carried is how many octets pictures take in a mail.
func carried(pictures []Picture) (n int) {
	for _, p := range pictures {
		n += len(p.Data)*4/3*78/76 + 1<<10
	}
	return n
}
