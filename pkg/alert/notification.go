// Package alert reads what Grafana's webhook contact point posts, decides
// whether the caller may have it sent, and to whom.
package alert

import (
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
)

// Status of a notification or of one alert.
const (
	Firing   = "firing"
	Resolved = "resolved"
)

// Closed is the status under which a resolved alert is counted where Grafana
// ended it without seeing that the problem is gone.
const Closed = "closed"

// ReasonAnnotation is where Grafana says why a state is not an ordinary one.
const ReasonAnnotation = "grafana_state_reason"

// Notification is one webhook payload: Grafana's (version "1") or that of
// Prometheus Alertmanager and Mimir (version "4", without the fields marked
// Grafana only).
type Notification struct {
	Receiver          string  `json:"receiver"`
	Status            string  `json:"status"`
	Alerts            []Alert `json:"alerts"`
	GroupLabels       KV      `json:"groupLabels"`
	CommonLabels      KV      `json:"commonLabels"`
	CommonAnnotations KV      `json:"commonAnnotations"`
	ExternalURL       string  `json:"externalURL"`
	Version           string  `json:"version"`
	GroupKey          string  `json:"groupKey"`
	TruncatedAlerts   int     `json:"truncatedAlerts"`
	OrgID             int64   `json:"orgId"`   // Grafana only
	Title             string  `json:"title"`   // Grafana only
	Message           string  `json:"message"` // Grafana only; without its default text

	// FiringCount and ResolvedCount count every alert of the payload, also
	// those that Decode left out of Alerts.
	FiringCount   int `json:"-"`
	ResolvedCount int `json:"-"` // the closed ones among them
	ClosedCount   int `json:"-"`
	// Omitted is how many alerts are not in Alerts: those that Decode left out,
	// which Dropped counts by kind, and those the sender itself truncated.
	Omitted int          `json:"-"`
	Dropped map[Kind]int `json:"-"`
	// Rules is how many rules the alerts of the payload are of, where some are
	// left out.
	Rules int `json:"-"`
	// Visible are the recipients that each of them can see, for the mail to tell
	// who else has it.
	Visible []string `json:"-"`
	// Replaced is what Recipients.Replaced says of the request, for the mail to
	// tell.
	Replaced []string `json:"-"`
	// NoProfile likewise.
	NoProfile string `json:"-"`
	// History is what earlier mail said of the group.
	History History `json:"-"`
	// Signed: the request proved that it is the contact point's.
	Signed bool `json:"-"`
	// Signature is the one that the request may be carried out with once.
	Signature Signature `json:"-"`

	identity string
}

// Kind is what alerts that are not shown one by one are counted by: Status is
// firing, resolved or closed.
type Kind struct{ Status, Severity string }

// Alert is one alert of a notification. What all alerts of the notification
// share is in each of them.
type Alert struct {
	Status       string    `json:"status"`
	Labels       KV        `json:"labels"`
	Annotations  KV        `json:"annotations"`
	StartsAt     time.Time `json:"startsAt"` // the zero time if unknown
	EndsAt       time.Time `json:"endsAt"`   // the zero time while firing
	GeneratorURL string    `json:"generatorURL"`
	Fingerprint  string    `json:"fingerprint"`
	SilenceURL   string    `json:"silenceURL"`   // Grafana only
	DashboardURL string    `json:"dashboardURL"` // Grafana only
	PanelURL     string    `json:"panelURL"`     // Grafana only
	ImageURL     string    `json:"imageURL"`     // Grafana only
	Values       Values    `json:"values"`       // Grafana only
	ValueString  string    `json:"valueString"`  // Grafana only
	OrgID        int64     `json:"orgId"`        // Grafana only
	RuleUID      string    `json:"ruleUID"`      // Grafana only, of newer releases

	Past  Past         `json:"-"` // what earlier mail said of it
	Chart *chart.Drawn `json:"-"` // of what its rule measures; nil: none
}

// Closed says whether Grafana ended the alert because the series is gone, the
// rule was changed, deleted or paused, or the query gave nothing: then nobody
// has seen that the problem is gone.
func (a *Alert) Closed() bool { return a.Status == Resolved && a.Annotations[ReasonAnnotation] != "" }

// Identity is equal for two notifications that say the same: same group key
// and same set of (fingerprint, state, start, end). It is a hex SHA-256.
func (n *Notification) Identity() string { return n.identity }
