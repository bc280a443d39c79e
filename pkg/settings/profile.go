package settings

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// keyProfiles is the key of the profiles.
const keyProfiles = "profiles"

// Profile returns the settings of the profile of a name, in any case, and whether there is
// one. Where there is none, and where no profile is named, they are the data source's.
func (s *Settings) Profile(name string) (*Settings, bool) {
	for _, p := range s.Profiles {
		if strings.EqualFold(p.ProfileName, name) {
			return p, true
		}
	}
	return s, name == ""
}

// ProfileNames lists the names of the profiles.
func (s *Settings) ProfileNames() []string {
	names := make([]string, len(s.Profiles))
	for i, p := range s.Profiles {
		names[i] = p.ProfileName
	}
	return names
}

// Digest is when the mail of a profile is sent that is gathered until then, in the time
// zone of the profile.
type Digest struct {
	Hour, Minute int
	Days         []time.Weekday // sorted, from Sunday on; never empty
}

// String is the time of day as it is set.
func (d Digest) String() string { return fmt.Sprintf("%02d:%02d", d.Hour, d.Minute) }

// profiles reads the profiles, each as the data source with what it has of its own.
func (r *reader) profiles(s *Settings) {
	const key = keyProfiles
	list := new(reader) // of what is wrong with the list itself
	v := r.value(key)
	entries, ok := v.([]any)
	if !ok && v != nil {
		list.add(key, notProfiles, value(v))
	}
	if most := properties[key].MaxItems; len(entries) > most {
		list.add(key, longList, number("entries", len(entries)), number("most", most))
		entries = entries[:most]
	}
	all := make([]*Settings, 0, len(entries))
	problems := list.problems
	for i, entry := range entries {
		p, derived := &reader{profile: fmt.Sprintf("%s[%d].", key, i)}, *s
		p.settingsOf(entry, &derived)
		derived.ProfileKey, derived.ProfileProblems = strings.TrimSuffix(p.profile, "."), p.problems
		if twice := slices.ContainsFunc(all, func(o *Settings) bool { return strings.EqualFold(o.ProfileName, derived.ProfileName) }); twice {
			p.add("name", sameName, value(derived.ProfileName))
		} else if derived.ProfileName != "" {
			all = append(all, &derived)
		}
		problems = append(problems, p.problems...)
	}
	s.Profiles, s.ProfileProblems = all, problems
}

var profileName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// settingsOf reads one profile over the settings of the data source. Without a name it is
// nobody's.
func (r *reader) settingsOf(entry any, s *Settings) {
	var ok bool
	if r.values, ok = entry.(map[string]any); !ok {
		r.add("", notProfile, value(entry))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(r.values)) {
		if !slices.Contains(profileKeys, key) && len(r.problems) < maxWrong {
			r.add("", notSetting, value(key), choices(profileKeys))
		}
	}
	if name := r.line("name"); profileName.MatchString(name) {
		s.ProfileName = name
	} else if !r.wrong("name") {
		r.add("name", noName, value(name))
	}
	own := s.MailType
	r.mail(s)
	if s.MailType == nhncloud.Ad && !s.Advertiser.complete() {
		r.add("mailType", noAdvertiser)
		s.MailType = own
	}
	s.Headers = r.headers()
	s.Digest = r.digest()
}

// clock is a time of day.
var clock = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// weekdays are the words for the days of a digest.
var weekdays = map[string]time.Weekday{
	"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday, "thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday,
}

// digest reads when the gathered mail of a profile is sent.
func (r *reader) digest() *Digest {
	days := r.days()
	at := r.line("digest")
	if at == "" {
		return nil
	}
	if !clock.MatchString(at) {
		r.add("digest", notDigest, value(at))
		return nil
	}
	moment, _ := time.Parse("15:04", at) // it is a time
	return &Digest{moment.Hour(), moment.Minute(), days}
}

// days reads the days of a digest: those that are right, or else all.
func (r *reader) days() []time.Weekday {
	const key = "digestDays"
	var days []time.Weekday
	for _, word := range r.list(key) {
		day, ok := weekdays[strings.ToLower(word)]
		if !ok {
			r.add(key, notDays, value(word), choices(properties[key].Items.Enum))
			continue
		}
		days = append(days, day)
	}
	if len(days) == 0 {
		days = slices.Collect(maps.Values(weekdays))
	}
	slices.Sort(days)
	return slices.Compact(days)
}
