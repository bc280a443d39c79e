package address

import "strings"

// Split cuts a list as people write it: at commas, semicolons and line breaks
// outside double quotes. Parts are trimmed; empty ones are left out.
func Split(s string) []string {
	var parts []string
	start, quoted, escaped := 0, false, false
	cut := func(end int) {
		if part := strings.TrimSpace(s[start:end]); part != "" {
			parts = append(parts, part)
		}
		start = end + 1
	}
	for i := range len(s) {
		switch c := s[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(",;\r\n", c) >= 0:
			cut(i)
		}
	}
	if start < len(s) {
		cut(len(s))
	}
	return parts
}
