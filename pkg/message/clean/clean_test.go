package clean

import (
	"strings"
	"testing"
)

func TestLink(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com/a?b=%20c&d=é#f": "https://example.com/a?b=%20c&d=%C3%A9#f",
		" http://localhost:3000/ ":           "http://localhost:3000/",
		"HTTPS://EXAMPLE.COM":                "HTTPS://EXAMPLE.COM",
		"mailto:ops@example.com":             "mailto:ops@example.com",
		"http://[::1]:3000/":                 "http://[::1]:3000/",
		"https://e.com/\"><script>":          "https://e.com/%22%3E%3Cscript%3E",
		"javascript:alert(1)":                "",
		"JaVaScRiPt:alert(1)":                "",
		" javascript:alert(1)":               "",
		"java\nscript:alert(1)":              "",
		"data:text/html,x":                   "",
		"vbscript:x":                         "",
		"file:///etc/passwd":                 "",
		"?orgId=1":                           "",
		"/a":                                 "",
		"//example.com/a":                    "",
		"http://":                            "",
		"https:///a":                         "",
		"https://e.com/\x00":                 "",
		"":                                   "",
		"https://e.com/" + strings.Repeat("a", MaxURL): "",
	} {
		if got := URL(address); got != want {
			t.Errorf("URL(%.60q) is %q, want %q", address, got, want)
		}
	}
	if got := WebURL("mailto:ops@example.com"); got != "" {
		t.Errorf("a mailbox is a picture: %q", got)
	}
}

func TestCleanKeepsWhatPeopleWrite(t *testing.T) {
	for s, want := range map[string]string{
		"a\tb\nc":          "a\tb\nc",
		"a\r\nb\rc":        "a\nb\nc",
		"👩‍🚒 é 한글 العربية": "👩‍🚒 é 한글 العربية",
		"\ufeffx\ufffe":    "x",
		"a\xc3":            "a\ufffd",
		"\u200eA\u202eB":   "AB",
	} {
		if got := Text(s); got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
	}
}

func TestCutMiddleKeepsBothEnds(t *testing.T) {
	const letter = "e\u0301"
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{
		{"web-1", 5, "web-1"},
		{"prometheus-kube-prometheus-stack-prometheus-0", 20, "prometheu…ometheus-0"},
		{"가나다라마바사", 5, "가나…바사"},
		{strings.Repeat(letter, 9), 4, letter + "…" + letter + letter},
		{"one two three", 8, "one…hree"},
	} {
		got := CutMiddle(tt.s, tt.n)
		if got != tt.want {
			t.Errorf("%q to %d is %q, want %q", tt.s, tt.n, got, tt.want)
		}
	}
	if got := CutMiddle("a"+strings.Repeat("\u0301", 500)+"b", 9); len(got) > 9*OctetsEach+len(Ellipsis) {
		t.Errorf("%d octets are left", len(got))
	}
}
