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

// When the records of the sender's domain are looked up: not while Grafana starts, then
// once a day, and sooner where DNS did not tell.
const (
	domainFirst = time.Minute
	domainNext  = 24 * time.Hour
	domainAgain = time.Hour
)

// domainRecords is what is known of the records of a sender's domain.
type domainRecords struct {
	mu    sync.Mutex
	known *maildomain.Report
}

func (d *domainRecords) get() *maildomain.Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known
}

// learn adds a report to what is known, and returns what was known before and what is
// now.
func (d *domainRecords) learn(r *maildomain.Report) (before, now *maildomain.Report) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, d.known = d.known, r.After(d.known)
	return before, d.known
}

// Domain returns what is known of the records of the sender's domain; nil as long as
// nothing is. It asks nobody.
func (s *Sender) Domain() *maildomain.Report { return s.domain.get() }

// CheckDomain looks up the records of the sender's domain, which takes a few seconds at
// most. It returns nil for a public mail domain, whose records are nobody's here.
func (s *Sender) CheckDomain(ctx context.Context) *maildomain.Report {
	if nhncloud.IsPublicMail(s.settings.From.Domain) {
		return nil
	}
	report := s.service.domains.Check(ctx, domainOf(&s.settings))
	if ctx.Err() != nil { // whoever asked gave up
		return report
	}
	before, now := s.domain.learn(report)
	for i, f := range now.Findings {
		was := before != nil && before.Findings[i].Lacking()
		switch {
		case f.Lacking() && !was:
			s.log.Warn("a DNS record of the sender's domain is not right", "record", f.Record.Title(), "name", f.Name, "status", string(f.Status), "error", f.Advice())
		case was && f.Status == maildomain.OK:
			s.log.Info("a DNS record of the sender's domain is right again", "record", f.Record.Title(), "name", f.Name)
		}
	}
	return report
}

// domainOf returns whose records the settings ask for.
func domainOf(set *settings.Settings) maildomain.Sender {
	includes := []string{set.SPFInclude}
	if slices.Contains(nhncloud.SPFIncludes, set.SPFInclude) { // each of them is the service's
		includes = append(includes, nhncloud.SPFIncludes...)
	}
	return maildomain.Sender{Domain: set.From.Domain, Selector: set.DKIMSelector, Includes: includes, Known: nhncloud.SPFIncludes}
}

// watchDomain looks the records up once a day until ctx ends.
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

// RestrictedHosts names the domains among the recipients' to which the service
// restricts mail from domains that are not verified, in the order of the alphabet.
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

// domainNotes says, for the note of a delivery, that the service may keep the mail from
// recipients, as far as is known.
func (s *Sender) domainNotes(recipients ...[]address.Address) []string {
	hosts, lacking := RestrictedHosts(recipients...), s.Domain().Lacking()
	if hosts == "" || len(lacking) == 0 {
		return nil
	}
	return []string{"mail to " + hosts + " may be restricted: " + s.settings.From.Domain + " lacks " + maildomain.Titles(lacking) + " (see Save & test)"}
}

var recordDesc = prometheus.NewDesc(namespace+"_domain_record_ok",
	"Whether a DNS record of the domain of From is right (1), or missing or wrong (0), as was last known.", []string{"source", "domain", "record"}, nil)

// domainStates is collected with the metrics, from what is known.
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
			if f.Lacking() {
				value = 0
			}
			ch <- prometheus.MustNewConstMetric(recordDesc, prometheus.GaugeValue, value, source, report.Domain, string(f.Record))
		}
	}
}

// newest lists the sender in force of each data source.
func (s *Service) newest() map[string]*Sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newestOf(s.senders)
}

// newestOf lists the newest sender of each data source: one whose settings were saved
// has several until the older ones are disposed of.
func newestOf(senders []*Sender) map[string]*Sender {
	newest := make(map[string]*Sender)
	for _, sender := range senders {
		newest[sender.source] = sender
	}
	return newest
}
