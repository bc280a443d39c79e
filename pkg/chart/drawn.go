package chart

// Drawn is a chart with its picture.
type Drawn struct {
	*Chart
	PNG []byte
}

// Draw draws the chart.
func (c *Chart) Draw() (*Drawn, error) {
	picture, err := c.PNG()
	if err != nil {
		return nil, err
	}
	return &Drawn{c, picture}, nil
}
