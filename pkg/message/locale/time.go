package locale

import (
	"fmt"
	"strings"
	"time"
)

// Time is a moment in the time zone of the mail. Printed, it is as people of
// the language write it; the zero time prints as nothing.
type Time struct {
	time  time.Time
	words *Words
}

// Time is t as people of the language write it.
func (w *Words) Time(t time.Time) Time { return Time{t, w} }

// Span is d in words; a negative one is not known.
func (w *Words) Span(d time.Duration) Span { return Span{d, w} }

// Weekday returns the short name of a day of the week.
func (w *Words) Weekday(d time.Weekday) string { return w.weekdays[d] }

// maxLayout bounds what Format takes.
const maxLayout = 100

// String is date, time of day and zone.
func (t Time) String() string {
	if t.time.IsZero() {
		return ""
	}
	s := t.time.Format(t.words.Say("date.layout"))
	s = strings.Replace(s, "{weekday}", t.words.Weekday(t.time.Weekday()), 1)
	return s + " " + zone(t.time)
}

// Short is the time of day, with the date where it is not that of now, and
// without the year.
func (t Time) Short(now Time) string {
	if t.time.IsZero() {
		return ""
	}
	layout := "15:04"
	if t.time.YearDay() != now.time.YearDay() || t.time.Year() != now.time.Year() {
		layout = t.words.Say("date.day")
	}
	return t.time.Format(layout)
}

// Weekday is Short with the day of the week, where Short has the day.
func (t Time) Weekday(now Time) string {
	if t.Short(now) == t.time.Format("15:04") {
		return t.Short(now)
	}
	return strings.Replace(t.time.Format(t.words.Say("date.weekday")), "{weekday}", t.words.Weekday(t.time.Weekday()), 1)
}

// Zoned is Short with the zone, which no line break separates from it.
func (t Time) Zoned(now Time) string {
	if t.time.IsZero() {
		return ""
	}
	return t.Short(now) + "\u00a0" + zone(t.time)
}

// Full is String with the offset from UTC where the zone has a name, of which
// there may be several alike.
func (t Time) Full() string {
	s := t.String()
	if s == "" || strings.HasPrefix(zone(t.time), "UTC") {
		return s
	}
	offset := t.time.Format("-07:00")
	hours, minutes := strings.TrimPrefix(offset[1:3], "0"), strings.TrimSuffix(offset[3:], ":00")
	return s + " (UTC" + offset[:1] + hours + minutes + ")"
}

// Before says whether t is earlier than other.
func (t Time) Before(other Time) bool { return t.time.Before(other.time) }

// IsZero says whether there is no such time: an alert that fires has no end.
func (t Time) IsZero() bool { return t.time.IsZero() }

// Unix is in seconds since 1970.
func (t Time) Unix() int64 { return t.time.Unix() }

// Format writes the time in one of Go's layouts, such as "2006-01-02 15:04".
func (t Time) Format(layout string) (string, error) {
	if len(layout) > maxLayout {
		return "", fmt.Errorf("a layout of time may have %d octets", maxLayout)
	}
	if t.time.IsZero() {
		return "", nil
	}
	return t.time.Format(layout), nil
}

// zone is the abbreviation of a time's zone, or its offset where the zone has
// no abbreviation of its own.
func zone(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + t.Format("-07:00")
	}
	return name
}

// Span is a length of time. Printed, it is its two largest units in the
// language of the mail; a length that is not known prints as nothing.
type Span struct {
	length time.Duration
	words  *Words
}

// Seconds is the length in seconds, negative where it is not known.
func (s Span) Seconds() float64 { return s.length.Seconds() }

// String is the length in words.
func (s Span) String() string {
	if s.length < 0 {
		return ""
	}
	seconds := int(s.length / time.Second)
	units := []struct {
		key    string
		amount int
	}{
		{"duration.days", seconds / 86400},
		{"duration.hours", seconds / 3600 % 24},
		{"duration.minutes", seconds / 60 % 60},
		{"duration.seconds", seconds % 60},
	}
	first := 0
	for first < len(units)-1 && units[first].amount == 0 {
		first++
	}
	text := s.words.Say(units[first].key, units[first].amount)
	if next := first + 1; next < len(units) && units[next].amount > 0 {
		text += s.words.Say("duration.join") + s.words.Say(units[next].key, units[next].amount)
	}
	return text
}
