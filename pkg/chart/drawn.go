package chart

import (
	"crypto/sha256"
	"encoding/hex"
)

// Drawn is a chart with its picture.
type Drawn struct {
	*Chart
	PNG []byte
	ID  string // the picture's Content-ID, which follows from it
}

// Draw draws the chart.
func (c *Chart) Draw() (*Drawn, error) {
	picture, err := c.PNG()
	if err != nil {
		return nil, err
	}
	return &Drawn{c, picture, ContentID(picture)}, nil
}

// ContentID returns the Content-ID of a picture, without angle brackets: the same for
// the same picture.
func ContentID(picture []byte) string {
	sum := sha256.Sum256(picture)
	return hex.EncodeToString(sum[:12]) + "@picture"
}
