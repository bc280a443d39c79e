package plugin

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// maxMissed is how many names are remembered that alerts had for profiles which are not
// there.
const maxMissed = 10

// missedProfiles are the names that alerts had for profiles which are not there, since the
// settings were saved.
type missedProfiles struct {
	mu    sync.Mutex
	names []string
}

func (m *missedProfiles) note(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.names) < maxMissed && name != "" && !slices.Contains(m.names, name) {
		m.names = append(m.names, name)
	}
}

func (m *missedProfiles) warnings() (all []failure.Hint) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range m.names {
		all = append(all, failure.NoProfile.With("name", failure.Bounded(name)))
	}
	return all
}

// profile returns the settings of a profile that a person names, or the data source's own.
func profile(set *settings.Settings, name string) (*settings.Settings, error) {
	found, ok := set.Profile(name)
	if !ok {
		return nil, failure.New(failure.Body, fmt.Sprintf(`"profile" is %.60q, and there is none of that name`, name),
			failure.Say("Take one of "+strings.Join(set.ProfileNames(), ", ")+", or none. Profiles that are new must be saved first."))
	}
	return found, nil
}

// profileProblems lists what is wrong with the profiles, also with their templates.
func (d *DataSource) profileProblems() []settings.Problem {
	problems := slices.Clone(d.settings.ProfileProblems)
	for _, p := range d.settings.Profiles {
		problems = append(problems, templateProblems(d.sender.CheckTemplates(p), func(key string) string { return templateKey(&d.settings, p, key) })...)
	}
	return problems
}

// profileWarnings returns what is valid in the profiles and probably not intended, what
// alerts name that is no profile, and what is known of the domains that profiles send from.
func (d *DataSource) profileWarnings(domains []*maildomain.Report) []failure.Hint {
	warnings := d.missed.warnings()
	own := d.settings.From.Domain
	var public []string
	for _, p := range d.settings.Profiles {
		if domain := p.From.Domain; domain != own && nhncloud.IsPublicMail(domain) && !slices.Contains(public, domain) {
			public = append(public, domain)
			warnings = append(warnings, failure.PublicDomain.With("domain", domain))
		}
	}
	for _, found := range domains {
		hosts := ""
		for _, p := range d.settings.Profiles {
			if p.From.Domain == found.Domain && hosts == "" {
				hosts = delivery.RestrictedHosts(p.To, p.Cc, p.Bcc)
			}
		}
		warnings = append(warnings, domainHints(found, hosts)...)
	}
	return warnings
}

// domainHints returns what a report about a domain means for mail to hosts that are restricted.
func domainHints(found *maildomain.Report, hosts string) []failure.Hint {
	faulty := maildomain.Titles(found.Faulty())
	switch {
	case faulty == "":
		return nil
	case hosts != "":
		return []failure.Hint{failure.DomainRestricted.With("hosts", hosts, "domain", found.Domain, "records", faulty)}
	}
	return []failure.Hint{failure.DomainLacks.With("domain", found.Domain, "records", faulty)}
}
