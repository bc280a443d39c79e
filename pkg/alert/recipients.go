package alert

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// Recipients is whom a notification goes to, and how: the settings with the
// request's overrides applied. No mailbox occurs twice.
type Recipients struct {
	// Settings are those of the profile that the request names, or the data source's own.
	Settings    *settings.Settings
	To, Cc, Bcc []address.Address
	MailType    nhncloud.MailType
	Language    string
	Mode        settings.RecipientMode
	Location    *time.Location
	ReplyTo     *address.Address // nil: answers go to From
	// Rejected are the entries of the request that are no mail addresses.
	Rejected []Rejected
	// Replaced are those of them for which default recipients stand in, because
	// nothing beside them could be mailed. The mail says so.
	Replaced []string
	// Teams are the names of the teams that the request names, sorted.
	Teams []string
	// TeamNotes say what is amiss with them.
	TeamNotes []string
	// NoProfile is the name that the request has for a profile, where there is none: the
	// default recipients of the data source stand in, and the mail says so.
	NoProfile string
	// withoutTeams are the recipients as if no team had a member; nil: there are no teams.
	withoutTeams *Recipients
}

// Resolve applies overrides to the settings, each list on its own: a request
// with only a to keeps the default cc and bcc, and so does one whose cc holds no
// address. Every recipient must be in a default list or match allowedRecipients: those of
// the profile, if the request names one. The alert of a profile that is not there goes to
// the default recipients of the data source, and to none that the request names: what
// they were held to is not known. The error is a *failure.Error.
func Resolve(o *Overrides, s *settings.Settings) (*Recipients, error) {
	return ResolveTeams(o, s, func(string) ([]address.Address, string) { return nil, "" })
}

// ResolveTeams is Resolve for a request that may name teams: members returns those of a team
// that is allowed, and what is amiss with it. They are recipients as if the request named
// them with to. Where no team has any, the default recipients have the mail.
func ResolveTeams(o *Overrides, s *settings.Settings, members func(team string) ([]address.Address, string)) (*Recipients, error) {
	s, known := s.Profile(o.Profile)
	noProfile := ""
	if !known {
		noProfile = o.Profile
		o = &Overrides{MailType: o.MailType, Language: o.Language, Mode: o.Mode, Location: o.Location}
	}
	r := &Recipients{
		Settings: s, NoProfile: noProfile,
		To: s.To, Cc: s.Cc, Bcc: s.Bcc,
		MailType: cmp.Or(o.MailType, s.MailType), Language: cmp.Or(o.Language, s.Language), Mode: cmp.Or(o.Mode, s.RecipientMode),
		Location: cmp.Or(o.Location, s.Location), ReplyTo: cmp.Or(o.ReplyTo, s.ReplyTo),
		Rejected: o.Rejected, Replaced: replaced(o, s),
	}
	var ofTeams []address.Address
	if known {
		for _, name := range o.Teams {
			if !s.AllowsTeam(name) {
				return nil, refuse(failure.Recipients, 0, fmt.Sprintf("the team %.60q is not among those that this data source may mail", name),
					failure.Say(fmt.Sprintf("Add team:%.60s, or team:*, to allowedRecipients.", name)))
			}
			found, note := members(name)
			ofTeams = append(ofTeams, found...)
			if note != "" {
				r.TeamNotes = append(r.TeamNotes, note)
			}
		}
	}
	if len(o.To) > 0 {
		r.To = o.To
	}
	if len(o.Cc) > 0 {
		r.Cc = o.Cc
	}
	if len(o.Bcc) > 0 {
		r.Bcc = o.Bcc
	}
	if known && len(o.Teams) > 0 {
		r.Teams = slices.Sorted(slices.Values(o.Teams))
		without := *r
		without.dedupe()
		r.withoutTeams = &without
	}
	if len(ofTeams) > 0 {
		r.To = slices.Concat(o.To, ofTeams)
	}
	r.dedupe()
	if r.MailType.OneRecipient() && len(r.All()) > 1 {
		r.Mode = settings.Individual
	}
	if err := r.check(o, s, ofTeams); err != nil {
		return nil, err
	}
	return r, nil
}

// check refuses a request without recipients, with too many, or with one that the
// settings do not allow.
func (r *Recipients) check(o *Overrides, s *settings.Settings, ofTeams []address.Address) error {
	switch n := len(r.All()) + len(r.Rejected); {
	case n == len(r.Rejected):
		message := "the notification has no recipients"
		switch {
		case r.NoProfile != "":
			message += fmt.Sprintf(": the data source has no profile %.60q, and no default recipients", r.NoProfile)
		case n > 0:
			message += ": " + r.Rejected[0].Reason
		}
		return refuse(failure.Recipients, http.StatusUnprocessableEntity, message, failure.NoRecipient.With())
	case n > settings.MaxRecipients:
		return refuse(failure.Recipients, http.StatusUnprocessableEntity, fmt.Sprintf("the notification has %d recipients", n),
			failure.Say(fmt.Sprintf("At most %d are allowed; mail a distribution list instead.", settings.MaxRecipients)))
	}
	defaults := map[string]bool{}
	for _, a := range slices.Concat(s.To, s.Cc, s.Bcc, ofTeams) {
		defaults[a.Key()] = true
	}
	named := r.All()
	if o.ReplyTo != nil { // an answer quotes the mail
		named = append(named, *o.ReplyTo)
	}
	for _, a := range named {
		if !defaults[a.Key()] && !slices.ContainsFunc(s.AllowedRecipients, func(p address.Pattern) bool { return p.Match(a) }) {
			hint := failure.AllowRecipient.With("pattern", "@"+a.Domain)
			if a.MayRoute() {
				hint = failure.AllowAddress.With()
			}
			return refuse(failure.Recipients, 0, a.Mailbox()+" is not among the recipients that this data source may mail", hint)
		}
	}
	return nil
}

// maxNotes bounds how many rejected entries are told in a log.
const maxNotes = 10

// Notes say for the log and the delivery record what was rejected and what
// became of it, and what is wrong with the profile.
func (r *Recipients) Notes() []string {
	var notes []string
	for _, rejected := range r.Rejected[:min(len(r.Rejected), maxNotes)] {
		notes = append(notes, "not mailed, from the query parameter "+rejected.Parameter+": "+rejected.Reason)
	}
	if more := len(r.Rejected) - len(notes); more > 0 {
		notes = append(notes, fmt.Sprintf("and %d more", more))
	}
	if len(r.Replaced) > 0 {
		notes = append(notes, "the default recipients have the mail instead")
	}
	notes = append(notes, r.TeamNotes...)
	if r.NoProfile != "" {
		notes = append(notes, fmt.Sprintf("the data source has no profile %.60q (but %s): its default recipients have the mail instead",
			r.NoProfile, cmp.Or(strings.Join(r.Settings.ProfileNames(), ", "), "none")))
	}
	if r.Settings.ProfileName != "" {
		problems := r.Settings.ProfileProblems
		for _, problem := range problems[:min(len(problems), maxNotes)] {
			notes = append(notes, problem.Message)
		}
	}
	return notes
}

// replaced are the entries of the lists To and Cc of a request that hold no
// address at all, where default recipients have the mail in their place. Those
// of Bcc are nothing for the other recipients to read.
func replaced(o *Overrides, s *settings.Settings) []string {
	only := func(parameter string, good []address.Address) (entries []string) {
		for _, r := range o.Rejected {
			if r.Parameter == parameter && len(good) == 0 && !slices.Contains(entries, r.Entry) {
				entries = append(entries, r.Entry)
			}
		}
		return entries
	}
	to, cc := only("to", o.To), only("cc", o.Cc)
	nobody := len(o.To)+len(o.Cc)+len(o.Bcc) == 0
	var all []string
	if nobody || len(s.To) > 0 {
		all = append(all, to...)
	}
	if nobody || len(s.Cc) > 0 {
		all = append(all, cc...)
	}
	return all
}

// All is every recipient: to, cc, bcc.
func (r *Recipients) All() []address.Address { return slices.Concat(r.To, r.Cc, r.Bcc) }

// Visible are the addresses that every recipient of the mail can see in it.
func (r *Recipients) Visible() []string {
	if r.Mode != settings.Single {
		return nil
	}
	var all []string
	for _, a := range slices.Concat(r.To, r.Cc) {
		all = append(all, a.Mailbox())
	}
	return all
}

// dedupe keeps the first of each mailbox across the lists: to wins over cc,
// and cc over bcc.
func (r *Recipients) dedupe() {
	seen := map[string]bool{}
	for _, list := range []*[]address.Address{&r.To, &r.Cc, &r.Bcc} {
		var kept []address.Address
		for _, a := range *list {
			if !seen[a.Key()] {
				seen[a.Key()] = true
				kept = append(kept, a)
			}
		}
		*list = kept
	}
}
