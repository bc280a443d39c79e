package delivery

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// When the records of the sender's domain are looked up: some time after Grafana has
// started, then once a day, and sooner after a lookup that failed.
const (
	domainFirst = time.Minute
	domainNext  = 24 * time.Hour
	domainAgain = time.Hour
)

// domainRecords holds the latest report about a sender's domain.
type domainRecords struct {
	mu    sync.Mutex
	known *maildomain.Report
}

func (d *domainRecords) get() *maildomain.Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known
}

// learn stores a report, and returns what was known before and what is known now.
func (d *domainRecords) learn(r *maildomain.Report) (before, now *maildomain.Report) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, d.known = d.known, r.After(d.known)
	return before, d.known
}

// Domain returns the latest report about the sender's domain, or nil if there is none
// yet. It does not look anything up.
func (s *Sender) Domain() *maildomain.Report { return s.domain.get() }

// CheckDomain looks up the records of the sender's domain, which takes a few seconds at
// most. It returns nil for a public mail domain, whose records no operator can change.
func (s *Sender) CheckDomain(ctx context.Context) *maildomain.Report {
	if nhncloud.IsPublicMail(s.settings.From.Domain) {
		return nil
	}
	report := s.service.domains.Check(ctx, domainOf(&s.settings))
	if ctx.Err() != nil { // the caller gave up, so the report says nothing
		return report
	}
	before, now := s.domain.learn(report)
	for i, f := range now.Findings {
		was := before != nil && before.Findings[i].Faulty()
		switch {
		case f.Faulty() && !was:
			s.log.Warn("a DNS record of the sender's domain is not right", "record", f.Record.Title(), "name", f.Name, "status", string(f.Status), "error", f.Advice())
		case was && f.Status == maildomain.OK:
			s.log.Info("a DNS record of the sender's domain is right again", "record", f.Record.Title(), "name", f.Name)
		}
	}
	return report
}

// domainOf returns the domain in the settings, and what its records must contain.
func domainOf(set *settings.Settings) maildomain.Sender {
	includes := []string{set.SPFInclude}
	if slices.Contains(nhncloud.SPFIncludes, set.SPFInclude) { // any of the service's own counts
		includes = append(includes, nhncloud.SPFIncludes...)
	}
	return maildomain.Sender{Domain: set.From.Domain, Selector: set.DKIMSelector, Includes: includes, Known: nhncloud.SPFIncludes}
}

// watchDomain looks up the records once a day until ctx ends.
func (s *Sender) watchDomain(ctx context.Context) {
	timer := time.NewTimer(domainFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		next := domainNext
		if report := s.CheckDomain(ctx); report != nil && !report.Complete() {
			next = domainAgain
		}
		timer.Reset(next)
	}
}

// RestrictedHosts lists the recipients' domains to which the service restricts mail from
// domains that are not verified, in alphabetical order.
func RestrictedHosts(recipients ...[]address.Address) string {
	var hosts []string
	for _, list := range recipients {
		for _, a := range list {
			if nhncloud.Restricts(a.Domain) {
				hosts = append(hosts, a.Domain)
			}
		}
	}
	slices.Sort(hosts)
	return strings.Join(slices.Compact(hosts), ", ")
}

// domainNotes returns the part of a delivery's note that warns of recipients to whom
// the service may not deliver.
func (s *Sender) domainNotes(recipients ...[]address.Address) []string {
	hosts, faulty := RestrictedHosts(recipients...), s.Domain().Faulty()
	if hosts == "" || len(faulty) == 0 {
		return nil
	}
	return []string{"mail to " + hosts + " may be restricted: " + s.settings.From.Domain + " lacks " + maildomain.Titles(faulty) + " (see Save & test)"}
}

var recordDesc = prometheus.NewDesc(namespace+"_domain_record_ok",
	"Whether a DNS record of the domain of From is right (1), or missing or wrong (0), as was last known.", []string{"source", "domain", "record"}, nil)

// domainStates is the metric of the records, from the latest reports.
type domainStates struct{ service *Service }

func (domainStates) Describe(ch chan<- *prometheus.Desc) { ch <- recordDesc }

func (d domainStates) Collect(ch chan<- prometheus.Metric) {
	for source, sender := range d.service.newest() {
		report := sender.Domain()
		if report == nil {
			continue
		}
		for _, f := range report.Findings {
			if f.Status == maildomain.Unknown {
				continue
			}
			value := 1.0
			if f.Faulty() {
				value = 0
			}
			ch <- prometheus.MustNewConstMetric(recordDesc, prometheus.GaugeValue, value, source, report.Domain, string(f.Record))
		}
	}
}

// newest returns the sender that each data source uses now.
func (s *Service) newest() map[string]*Sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newestOf(s.senders)
}

// newestOf returns the newest sender of each data source: after its settings were saved,
// a data source has several until the older ones are disposed of.
func newestOf(senders []*Sender) map[string]*Sender {
	newest := make(map[string]*Sender)
	for _, sender := range senders {
		newest[sender.source] = sender
	}
	return newest
}
