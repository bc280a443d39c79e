package archive

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"path"
	"slices"
	"strings"
)

// Widths of a screenshot between which text is legible in the catalog and the
// page still loads.
const minWidth, maxWidth = 640, 4096

// image checks a logo or a screenshot: content as the name says, SVG without
// anything that acts.
func (c *checker) image(name string) {
	content := c.named(name)
	if len(content) == 0 {
		return // already told
	}
	switch path.Ext(name) {
	case ".svg":
		if err := inert(content); err != nil {
			c.add("%s: %v", name, err)
		}
	case ".png":
		config, err := png.DecodeConfig(bytes.NewReader(content))
		switch {
		case err != nil:
			c.add("%s: %v", name, err)
		case config.Width < minWidth || config.Width > maxWidth:
			c.add("%s is %d pixels wide", name, config.Width)
		}
	default:
		c.add("%s is neither SVG nor PNG", name)
	}
}

// drawing is all that the plugin's SVGs need; what is not listed may act.
var drawing = []string{"svg", "defs", "g", "title", "desc", "linearGradient", "radialGradient", "stop", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "clipPath"}

// inert refuses SVG that runs or loads something.
func inert(svg []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains(drawing, element.Name.Local) {
			return errors.New("the element " + element.Name.Local + " is not one that only draws")
		}
		for _, a := range element.Attr {
			if name := strings.ToLower(a.Name.Local); strings.HasPrefix(name, "on") || name == "style" || name == "href" && !strings.HasPrefix(a.Value, "#") {
				return errors.New("the attribute " + a.Name.Local + " may run or load something")
			}
		}
	}
}
