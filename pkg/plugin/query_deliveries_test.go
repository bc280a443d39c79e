package plugin

import "testing"

// TestSubjectIsSeenOnASmallScreen: it is what a person clicks on. Explore draws
// this frame as the table panel does since Grafana 13.1.
func TestSubjectIsSeenOnASmallScreen(t *testing.T) {
	const room = 976 // of a screen of 1024 pixels, less Grafana's margins
	used := 0
	for _, field := range deliveriesTable(nil).Fields {
		options := field.Config.Custom
		if field.Name != "subject" {
			used += options["width"].(int)
			continue
		}
		if right := used + options["minWidth"].(int); right > room {
			t.Errorf("the subject ends at pixel %d of %d", right, room)
		}
		if options["wrapText"] != true {
			t.Error("a long subject is cut off, and the middle of its link is under the next column")
		}
		return
	}
	t.Error("there is no subject")
}
