package digest

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

// maxAlerts bounds the alerts that a digest knows one by one.
const maxAlerts = 20_000

// Digest is what notes say together; the zero value has none yet.
type Digest struct {
	notes, mailed, unread int

	alerts map[key]*told
	order  []*told          // as they were first told of
	groups map[string]*note // the last of each, without its alerts

	last note
	// One contact point, organization and Grafana is that of all.
	receivers, orgs, urls map[string]bool
	foreign               int // notes that are not Grafana's
	replaced              []string
	noProfile             string // one that a contact point names and that is not there
}

// key is the identity of an alert.
type key struct {
	group string
	id    uint32
}

// told is what the notes say of an alert.
type told struct {
	state  noteKind   // the last
	note   *note      // which told that
	at     int64      // when it was so
	kind   *noteKind  // the last with a rule; nil: none
	detail *noteAlert // what there is for a line; nil: nothing
	fresh  bool       // detail is as of at
	starts []int64    // when it began to fire
}

// Add adds a note, in the order in which notifications were accepted; mailed says that
// the reader has the mail of that notification, too. One that cannot be read is only
// counted, and so are alerts beyond maxAlerts.
func (d *Digest) Add(data []byte, mailed bool) {
	if d.alerts == nil {
		d.alerts, d.groups = make(map[key]*told), make(map[string]*note)
		d.receivers, d.orgs, d.urls = make(map[string]bool), make(map[string]bool), make(map[string]bool)
	}
	d.notes++
	n := &note{}
	if err := json.Unmarshal(data, n); err != nil || !n.valid() {
		d.unread++
		return
	}
	if n.mailed = mailed; mailed {
		d.mailed++
	}
	for i := range n.Alerts {
		a := &n.Alerts[i]
		if t := d.tell(n, a.ID, n.Kinds[a.Kind], a.From); t != nil {
			t.fresh, t.kind, t.detail = true, &n.Kinds[a.Kind], a
		}
	}
	for other := range slices.Chunk(n.Others, otherOctets) {
		kind := &n.Kinds[other[otherOctets-1]]
		t := d.tell(n, binary.BigEndian.Uint32(other), *kind, 0)
		if t == nil {
			continue
		}
		t.fresh = false
		if kind.Labels.Rule() != "" {
			t.kind = kind
		}
	}
	d.receivers[n.Receiver], d.orgs[strconv.FormatInt(n.Org, 10)], d.urls[n.URL] = true, true, true
	if n.Foreign {
		d.foreign++
	}
	d.noProfile = cmp.Or(n.NoProfile, d.noProfile)
	for _, entry := range n.Replaced {
		if !slices.Contains(d.replaced, entry) {
			d.replaced = append(d.replaced, entry)
		}
	}
	n.Kinds, n.Alerts, n.Others = nil, nil, nil
	d.last, d.groups[n.Group] = *n, n
}

// valid says whether the indexes of a note are those of its kinds.
func (n *note) valid() bool {
	if len(n.Others)%otherOctets != 0 {
		return false
	}
	for _, a := range n.Alerts {
		if a.Kind < 0 || a.Kind >= len(n.Kinds) {
			return false
		}
	}
	for other := range slices.Chunk(n.Others, otherOctets) {
		if int(other[otherOctets-1]) >= len(n.Kinds) {
			return false
		}
	}
	return true
}

// tell notes the state of an alert; start is when it began to fire, 0 where it is not
// known. Where there is no room for the alert, it is counted, and nil returned.
func (d *Digest) tell(n *note, id uint32, state noteKind, start int64) *told {
	k := key{n.Group, id}
	t, seen := d.alerts[k]
	if !seen && len(d.alerts) >= maxAlerts {
		n.drop(state)
		return nil
	}
	if !seen {
		t = &told{}
		d.alerts[k] = t
		d.order = append(d.order, t)
	}
	// Of an alert without a line only the state is known: it began again where it was over.
	begins := !seen || t.state.Status != alert.Firing && state.Status == alert.Firing
	if start == 0 && begins {
		start = n.At
	}
	if len(t.starts) == 0 || start > t.starts[len(t.starts)-1] {
		t.starts = append(t.starts, start)
	}
	t.state, t.note, t.at = state, n, n.At
	return t
}

// Gathered returns what the mail is to tell: how each alert stands, and how many do
// that are not known one by one.
func (d *Digest) Gathered() view.Gathered {
	g := view.Gathered{
		Notes: d.notes, Mailed: d.mailed, Unread: d.unread,
		Notification: alert.Notification{
			Receiver: one(d.receivers, d.last.Receiver), ExternalURL: one(d.urls, d.last.URL), Replaced: d.replaced, NoProfile: d.noProfile,
			TruncatedAlerts: d.unread, Dropped: make(map[alert.Kind]int),
		},
	}
	n := &g.Notification
	if len(d.orgs) == 1 {
		n.OrgID = d.last.Org
	}
	if d.foreign > 0 && d.foreign == d.notes-d.unread {
		n.Version = view.Alertmanager
	}
	for _, lines := range []bool{true, false} { // so that those that have one come first
		for _, t := range d.order {
			if last := d.groups[t.note.Group]; (t.detail != nil) == lines && !t.countedBy(last) {
				t.asOf(last).addTo(&g)
			}
		}
	}
	for _, last := range d.groups {
		for _, c := range last.Dropped {
			count(n, c.Status, c.Count)
			n.Dropped[alert.Kind{Status: c.Status, Severity: c.Severity}] += c.Count
			n.Omitted += c.Count
		}
		n.TruncatedAlerts += last.Truncated
	}
	n.Omitted += n.TruncatedAlerts
	n.CommonLabels = folderOf(n.Alerts)
	n.Status = alert.Resolved
	if n.FiringCount > 0 {
		n.Status = alert.Firing
	}
	return g
}

// unnamed says whether an alert fires by what was told of it, and the last note of its
// group, which has all that fire, does not name it: it is over, or silenced.
func (t *told) unnamed(last *note) bool { return t.state.Status == alert.Firing && t.note != last }

// countedBy says whether it may be among those that the last note only counts.
func (t *told) countedBy(last *note) bool {
	return t.unnamed(last) && (last.Truncated > 0 || len(last.Dropped) > 0)
}

// asOf is the alert by the last note of its group.
func (t *told) asOf(last *note) *told {
	if !t.unnamed(last) {
		return t
	}
	closed := *t
	closed.state.Status, closed.state.Reason, closed.at = alert.Resolved, view.NotNamed, last.At
	return &closed
}

// addTo adds an alert that is known to have a rule; another is counted.
func (t *told) addTo(g *view.Gathered) {
	n, status := &g.Notification, t.state.countedAs()
	count(n, status, 1)
	if t.kind == nil {
		n.Dropped[alert.Kind{Status: status, Severity: t.state.Labels.Severity()}]++
		n.Omitted++
		return
	}
	a := t.alert()
	if t.note.Foreign && n.Version != view.Alertmanager { // its rule is not where those of the others are
		a.GeneratorURL = ""
	}
	a.Fingerprint = strconv.Itoa(len(n.Alerts))
	n.Alerts = append(n.Alerts, a)
	g.Told = append(g.Told, view.Told{Mailed: t.note.mailed, HasLine: t.detail != nil, Flaps: t.flaps()})
}

// alert is the alert as a mail can show it.
func (t *told) alert() alert.Alert {
	a := alert.Alert{Status: t.state.Status, Labels: maps.Clone(t.kind.Labels), Annotations: alert.KV{}, GeneratorURL: t.kind.Rule}
	if a.Labels == nil {
		a.Labels = alert.KV{}
	}
	annotate := func(name, text string) {
		if text != "" {
			a.Annotations[name] = text
		}
	}
	annotate(alert.ReasonAnnotation, t.state.Reason)
	annotate("runbook_url", t.kind.Runbook)
	if len(t.starts) > 0 {
		a.StartsAt = time.Unix(t.starts[len(t.starts)-1], 0)
	}
	if a.Status == alert.Resolved {
		a.EndsAt = time.Unix(t.at, 0)
	}
	if t.detail == nil {
		return a
	}
	maps.Copy(a.Labels, t.detail.Where)
	annotate("summary", t.detail.Summary)
	annotate(view.CauseAnnotation, t.detail.Cause)
	if !t.fresh {
		return a
	}
	if t.detail.From == 0 {
		a.StartsAt = time.Time{}
	}
	if a.Status == alert.Resolved && t.detail.To != 0 {
		a.EndsAt = time.Unix(t.detail.To, 0)
	}
	return a
}

// flaps returns in which hour the alert began to fire most often, where that is often.
func (t *told) flaps() (f view.Flaps) {
	const hour = int64(time.Hour / time.Second)
	first := 0
	for last, start := range t.starts {
		for start-t.starts[first] > hour {
			first++
		}
		if times := last - first + 1; times >= view.FlapsFrom && times > f.Times {
			f = view.Flaps{Times: times, From: time.Unix(t.starts[first], 0), To: time.Unix(start, 0)}
		}
	}
	return f
}

// count adds alerts to the counts of a notification.
func count(n *alert.Notification, status string, alerts int) {
	switch status {
	case alert.Closed:
		n.ClosedCount += alerts
		n.ResolvedCount += alerts
	case alert.Resolved:
		n.ResolvedCount += alerts
	default:
		n.FiringCount += alerts
	}
}

// folderOf is the folder of all alerts, if they are of one.
func folderOf(alerts []alert.Alert) alert.KV {
	for i := range alerts {
		if alerts[i].Labels[view.FolderLabel] != alerts[0].Labels[view.FolderLabel] {
			return nil
		}
	}
	if len(alerts) == 0 {
		return nil
	}
	return alert.KV{view.FolderLabel: alerts[0].Labels[view.FolderLabel]}
}

// one is a value where there is no other.
func one(all map[string]bool, value string) string {
	if len(all) == 1 {
		return value
	}
	return ""
}
