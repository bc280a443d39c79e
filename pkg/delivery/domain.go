package delivery

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
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

// Domains of profiles are looked up some at a time, and for so long at most.
const (
	domainsAtOnce = 8
	domainsWithin = 8 * time.Second
)

// domainRecords holds the latest report about each of a sender's domains.
type domainRecords struct {
	mu    sync.Mutex
	known map[string]*maildomain.Report
}

func (d *domainRecords) get(domain string) *maildomain.Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known[domain]
}

// learn stores a report, and returns what was known before and what is known now.
func (d *domainRecords) learn(r *maildomain.Report) (before, now *maildomain.Report) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = make(map[string]*maildomain.Report)
	}
	before = d.known[r.Domain]
	now = r.After(before)
	d.known[r.Domain] = now
	return before, now
}

// Domain returns the latest report about the sender's domain, or nil if there is none
// yet. It does not look anything up.
func (s *Sender) Domain() *maildomain.Report { return s.domain.get(s.settings.From.Domain) }

// ProfileDomains returns the latest reports about the other domains that profiles send
// from, where there is one.
func (s *Sender) ProfileDomains() []*maildomain.Report {
	var all []*maildomain.Report
	for _, domain := range profileDomains(&s.settings) {
		if report := s.domain.get(domain); report != nil {
			all = append(all, report)
		}
	}
	return all
}

// profileDomains lists the domains that profiles send from and the data source does not.
func profileDomains(set *settings.Settings) []string {
	var all []string
	for _, p := range set.Profiles {
		if domain := p.From.Domain; domain != set.From.Domain && !nhncloud.IsPublicMail(domain) {
			all = append(all, domain)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// CheckDomain looks up the records of the sender's domain, and those of its profiles,
// which takes a few seconds at most. It returns nil for a public mail domain, whose
// records no operator can change.
func (s *Sender) CheckDomain(ctx context.Context) *maildomain.Report {
	own, _ := s.checkDomains(ctx)
	return own
}

// checkDomains also says whether every record could be looked up.
func (s *Sender) checkDomains(ctx context.Context) (own *maildomain.Report, complete bool) {
	var incomplete atomic.Bool
	note := func(report *maildomain.Report) {
		if !report.Complete() {
			incomplete.Store(true)
		}
	}
	var looking errgroup.Group
	looking.SetLimit(domainsAtOnce)
	if domain := s.settings.From.Domain; !nhncloud.IsPublicMail(domain) {
		looking.Go(func() error {
			own = s.checkDomain(ctx, domain)
			note(own)
			return nil
		})
	}
	bounded, cancel := context.WithTimeout(ctx, domainsWithin)
	defer cancel()
	for _, domain := range profileDomains(&s.settings) {
		looking.Go(func() error {
			note(s.checkDomain(bounded, domain))
			return nil
		})
	}
	_ = looking.Wait() // none fails
	return own, !incomplete.Load()
}

func (s *Sender) checkDomain(ctx context.Context, domain string) *maildomain.Report {
	report := s.service.domains.Check(ctx, recordsOf(&s.settings, domain))
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

// recordsOf says what the records of a domain must contain.
func recordsOf(set *settings.Settings, domain string) maildomain.Sender {
	includes := []string{set.SPFInclude}
	if slices.Contains(nhncloud.SPFIncludes, set.SPFInclude) { // any of the service's own counts
		includes = append(includes, nhncloud.SPFIncludes...)
	}
	return maildomain.Sender{Domain: domain, Selector: set.DKIMSelector, Includes: includes, Known: nhncloud.SPFIncludes}
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
		if _, complete := s.checkDomains(ctx); !complete {
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
func (s *Sender) domainNotes(r *alert.Recipients) []string {
	from := r.Settings.From.Domain
	hosts, faulty := RestrictedHosts(r.To, r.Cc, r.Bcc), s.domain.get(from).Faulty()
	if hosts == "" || len(faulty) == 0 {
		return nil
	}
	return []string{"mail to " + hosts + " may be restricted: " + from + " lacks " + maildomain.Titles(faulty) + " (see Save & test)"}
}

var recordDesc = prometheus.NewDesc(namespace+"_domain_record_ok",
	"Whether a DNS record of the domain of From is right (1), or missing or wrong (0), as was last known.", []string{"source", "domain", "record"}, nil)

// domainStates is the metric of the records, from the latest reports.
type domainStates struct{ service *Service }

func (domainStates) Describe(ch chan<- *prometheus.Desc) { ch <- recordDesc }

func (d domainStates) Collect(ch chan<- prometheus.Metric) {
	for source, sender := range d.service.newest() {
		for _, report := range append(sender.ProfileDomains(), sender.Domain()) {
			collectDomain(ch, source, report)
		}
	}
}

func collectDomain(ch chan<- prometheus.Metric, source string, report *maildomain.Report) {
	if report == nil {
		return
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
