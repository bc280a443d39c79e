package digest

import (
	"fmt"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// fires is a notification of a group of alerts that fire.
func fires(group string, alerts int) *alert.Notification {
	n := &alert.Notification{GroupKey: group, Version: "1"}
	for i := range alerts {
		n.Alerts = append(n.Alerts, alert.Alert{
			Status: alert.Firing, Fingerprint: fmt.Sprint(i), StartsAt: noon.Add(-time.Minute),
			Labels: alert.KV{"alertname": "X", "severity": "warning", "instance": fmt.Sprint("machine-", i)},
		})
	}
	return n
}

func ends(a *alert.Alert, at time.Time) { a.Status, a.EndsAt = alert.Resolved, at }

// TestEveryAlertIsKnownByItsGroupAndFingerprint, also one that a note has no line for.
func TestEveryAlertIsKnownByItsGroupAndFingerprint(t *testing.T) {
	var d Digest
	first := fires("a", 700)
	d.Add(NewNote(first, noon), false)
	d.Add(NewNote(fires("b", 700), noon), false) // the same fingerprints, of another group
	lines := 0
	for _, told := range d.Gathered().Told {
		if told.HasLine {
			lines++
		}
	}
	if lines < 10 || lines > 200 {
		t.Errorf("%d of 1,400 alerts have a line", lines)
	}
	ends(&first.Alerts[699], noon.Add(time.Minute))
	d.Add(NewNote(first, noon.Add(time.Minute)), false)
	g := d.Gathered()
	if n := g.Notification; n.FiringCount != 1399 || n.ResolvedCount != 1 || n.Omitted != 0 || len(n.Alerts) != 1400 {
		t.Errorf("%d fire, %d are resolved, %d are left out", n.FiringCount, n.ResolvedCount, n.Omitted)
	}
	for _, a := range g.Notification.Alerts {
		if a.Labels["alertname"] != "X" || a.Labels["severity"] != "warning" {
			t.Fatalf("an alert is %v", a.Labels)
		}
		if a.Status == alert.Resolved && !a.EndsAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("it ended at %s", a.EndsAt)
		}
	}
}

// TestAlertsBeyondWhatADigestKnowsAreCounted, as they stood at last.
func TestAlertsBeyondWhatADigestKnowsAreCounted(t *testing.T) {
	var d Digest
	const groups, each = 30, 700
	var last *alert.Notification
	for i := range groups {
		last = fires(fmt.Sprint(i), each)
		d.Add(NewNote(last, noon), false)
	}
	d.Add(NewNote(last, noon), false) // a repeat counts nothing twice
	ends(&last.Alerts[each-1], noon.Add(time.Minute))
	d.Add(NewNote(last, noon.Add(time.Minute)), false)
	n := d.Gathered().Notification
	if n.FiringCount != groups*each-1 || n.ResolvedCount != 1 || len(n.Alerts) != maxAlerts || n.Omitted != groups*each-maxAlerts {
		t.Errorf("%d fire, %d are resolved, %d are known, %d are left out", n.FiringCount, n.ResolvedCount, len(n.Alerts), n.Omitted)
	}
	fire, over := alert.Kind{Status: alert.Firing, Severity: "warning"}, alert.Kind{Status: alert.Resolved, Severity: "warning"}
	if n.Dropped[fire] != n.Omitted-1 || n.Dropped[over] != 1 {
		t.Errorf("of those that are left out: %v", n.Dropped)
	}
}

// TestARepeatIsNoFlapping: a start that is told again, or that is not told, is no other.
func TestARepeatIsNoFlapping(t *testing.T) {
	for name, start := range map[string]time.Time{"a known start": noon.Add(-time.Minute), "no start": {}} {
		var d Digest
		n := fires("a", 1)
		n.Alerts[0].StartsAt = start
		for i := range 9 {
			d.Add(NewNote(n, noon.Add(time.Duration(i)*time.Minute)), false)
		}
		ends(&n.Alerts[0], noon.Add(9*time.Minute))
		d.Add(NewNote(n, noon.Add(9*time.Minute)), true)
		if told := d.Gathered().Told[0]; told.Flaps.Times != 0 || !told.Mailed {
			t.Errorf("%s: %+v", name, told)
		}
	}
	var d Digest
	n := fires("a", 1)
	n.Alerts[0].StartsAt = time.Time{}
	for i := range 2 * view.FlapsFrom {
		n.Alerts[0].Status = []string{alert.Firing, alert.Resolved}[i%2]
		d.Add(NewNote(n, noon.Add(time.Duration(i)*time.Minute)), false)
	}
	if f := d.Gathered().Told[0].Flaps; f.Times != view.FlapsFrom || !f.From.Equal(noon) || !f.To.Equal(noon.Add(6*time.Minute)) {
		t.Errorf("it fired and was over by turns, and is said to flap %+v", f)
	}
}
