package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// maxTemplateString bounds what one function takes and gives, in octets: a
// loop that feeds a function its own result must not double it for ever.
const maxTemplateString = 64 << 10

// Functions names those of the user's templates.
func Functions() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(functions(new(budget)))), func(name string) bool { return name == "tick" })
}

// functions are those of the user's templates, and Go's own made safe.
func functions(b *budget) map[string]any {
	return map[string]any{
		"tick": b.tick,

		"upper":    strings.ToUpper,
		"lower":    strings.ToLower,
		"trim":     strings.TrimSpace,
		"contains": func(part, s string) bool { return strings.Contains(s, part) },
		"default": func(fallback, s string) string {
			if s == "" {
				return fallback
			}
			return s
		},
		"cut": func(n int, s string) (string, error) {
			if n < 1 {
				return "", fmt.Errorf("it cuts to %d characters; it takes 1 or more", n)
			}
			return clean.Cut(s, min(n, maxTemplateString)), nil
		},
		"replace": func(old, with, s string) (string, error) {
			if old == "" {
				return "", errors.New("there is nothing to replace")
			}
			if err := fits(len(s) + strings.Count(s, old)*len(with)); err != nil {
				return "", err
			}
			return strings.ReplaceAll(s, old, with), nil
		},

		"print":    b.bounded(fmt.Sprint),
		"println":  b.bounded(fmt.Sprintln),
		"html":     b.bounded(template.HTMLEscaper),
		"js":       b.bounded(template.JSEscaper),
		"urlquery": b.bounded(template.URLQueryEscaper),
		"printf":   b.printf,
	}
}

// bounded makes one of Go's functions take plain values only, and not too much
// of them.
func (b *budget) bounded(f func(...any) string) func(...any) (string, error) {
	return func(args ...any) (string, error) {
		if _, err := b.tick(); err != nil {
			return "", err
		}
		if _, err := plain(args); err != nil {
			return "", err
		}
		s := f(args...)
		return s, fits(len(s))
	}
}

// printf is Go's, with widths below 1,000.
func (b *budget) printf(format string, args ...any) (string, error) {
	octets, err := plain(args)
	if err != nil {
		return "", err
	}
	if wide.MatchString(format) {
		return "", errors.New("printf takes widths below 1000 that stand in the format")
	}
	if err := fits(strings.Count(format, "%") * octets); err != nil {
		return "", err
	}
	return b.bounded(func(args ...any) string { return fmt.Sprintf(format, args...) })(args...)
}

// wide finds widths and precisions over 999, or given as an argument.
var wide = regexp.MustCompile(`%[^a-zA-Z%]*(?:\*|[0-9]{4})`)

// plain checks that the arguments are text, numbers and times, and counts
// their octets.
func plain(args []any) (octets int, err error) {
	for _, arg := range args {
		switch v := arg.(type) {
		case string:
			octets += len(v)
		case nil, bool, int, int64, float64, time.Month, time.Weekday, locale.Time, locale.Span:
		default:
			return 0, fmt.Errorf("%T is not text, a number or a time", arg)
		}
	}
	return octets, fits(octets)
}

// fits refuses a string that is too long.
func fits(octets int) error {
	if octets > maxTemplateString {
		return boundError{Large, fmt.Sprintf("a function makes a text of more than %d octets", maxTemplateString)}
	}
	return nil
}
