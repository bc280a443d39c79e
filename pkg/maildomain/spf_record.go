package maildomain

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// spfTerm is a mechanism or a modifier of an SPF record (RFC 7208 section 4.6.1).
type spfTerm struct {
	text     string // as it is written
	pass     bool   // of a mechanism: its qualifier is +, or it has none
	name     string // in lower case
	value    string // behind : or =, without a prefix length
	modifier bool
}

// isSPF says whether a TXT record means to be an SPF record (section 4.5).
func isSPF(record string) bool {
	version, _, _ := strings.Cut(record, " ")
	return strings.EqualFold(version, "v=spf1")
}

// modifier is the beginning of a modifier: a name and "=".
var modifier = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_.-]*)=`)

// parseSPF reads the terms of a record. Where one is not valid it returns that: a
// receiver takes none of the record then.
func parseSPF(record string) (terms []spfTerm, invalid string) {
	seen := map[string]bool{}
	for _, text := range strings.Split(record, " ")[1:] {
		if text == "" {
			continue
		}
		if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) { // a tab, or the space of a web page
			return nil, text
		}
		t := spfTerm{text: text}
		if m := modifier.FindStringSubmatch(text); m != nil {
			t.modifier, t.name, t.value = true, strings.ToLower(m[1]), text[len(m[0]):]
			if t.name == "redirect" || t.name == "exp" {
				if t.value == "" || seen[t.name] {
					return nil, text
				}
				seen[t.name] = true
			}
		} else if !t.mechanism() {
			return nil, text
		}
		terms = append(terms, t)
	}
	return terms, ""
}

// mechanism reads the term as a mechanism (section 5).
func (t *spfTerm) mechanism() bool {
	rest := t.text
	t.pass = !strings.ContainsAny(rest[:1], "-~?")
	if strings.ContainsAny(rest[:1], "+-~?") {
		rest = rest[1:]
	}
	at := strings.IndexAny(rest, ":/")
	if at < 0 {
		at = len(rest)
	}
	t.name, rest = strings.ToLower(rest[:at]), rest[at:]
	value, hasValue := strings.CutPrefix(rest, ":")
	switch t.name {
	case "all":
		return rest == ""
	case "include", "exists":
		t.value = value
		return hasValue && value != ""
	case "ip4", "ip6":
		t.value = value
		return hasValue && isNetwork(value, t.name == "ip4")
	case "ptr":
		t.value = value
		return rest == "" || hasValue && value != ""
	case "a", "mx":
		name, lengths, _ := strings.Cut(rest, "/")
		t.value = strings.TrimPrefix(name, ":")
		return name != ":" && areLengths(lengths, strings.Contains(rest, "/"))
	}
	return false
}

func isNetwork(s string, four bool) bool {
	address, err := netip.ParseAddr(s)
	if prefix, failed := netip.ParsePrefix(s); failed == nil {
		address, err = prefix.Addr(), nil
	}
	return err == nil && address.Is4() == four && address.Zone() == ""
}

// areLengths reads what may stand behind the first slash of a and mx: "24", "/64",
// "24//64".
func areLengths(s string, slash bool) bool {
	if !slash {
		return true
	}
	four, six, both := strings.Cut(s, "/")
	if both && four == "" { // "//64": the first slash was cut off
		return isLength(six, 128)
	}
	if !both {
		return isLength(four, 32)
	}
	six, ok := strings.CutPrefix(six, "/")
	return ok && isLength(four, 32) && isLength(six, 128)
}

func isLength(s string, most int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && n <= most
}

// allBefore returns the mechanism "all" behind which there is another mechanism.
func allBefore(terms []spfTerm) string {
	for i, t := range terms {
		if !t.modifier && t.name == "all" && slices.ContainsFunc(terms[i+1:], func(t spfTerm) bool { return !t.modifier }) {
			return t.text
		}
	}
	return ""
}

// oneRecord is the record to have in place of those found: all that they have, with
// the include in front unless it is there, and one "all" at the end.
func oneRecord(records [][]spfTerm, include string, add bool) string {
	var mechanisms, modifiers []string
	if add {
		mechanisms = append(mechanisms, "include:"+include)
	}
	all := ""
	for _, terms := range records {
		for _, t := range terms {
			text := t.text
			switch {
			case t.name == "redirect" && len(records) > 1: // which of several would take the place of all others
				text = "include:" + t.value
				fallthrough
			case !t.modifier && t.name != "all":
				if !slices.Contains(mechanisms, text) {
					mechanisms = append(mechanisms, text)
				}
			case t.modifier:
				if !slices.Contains(modifiers, text) {
					modifiers = append(modifiers, text)
				}
			case all == "" || all == text:
				all = text
			default:
				all = "~all"
			}
		}
	}
	parts := append([]string{"v=spf1"}, mechanisms...)
	redirects := slices.ContainsFunc(modifiers, func(m string) bool { return strings.HasPrefix(strings.ToLower(m), "redirect=") })
	if all == "" && !redirects {
		all = "~all"
	}
	if all != "" {
		parts = append(parts, all)
	}
	return strings.Join(append(parts, modifiers...), " ")
}
