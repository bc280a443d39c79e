package relaytest

import (
	"strings"
	"testing"
)

func TestDataIsTakenAsMeantOrRefused(t *testing.T) {
	long := strings.Repeat("x", 998)
	tests := map[string]struct {
		sent, taken, refused string
	}{
		"plain lines":                  {sent: "a\r\n\r\nb\r\n", taken: "a\r\n\r\nb\r\n"},
		"no line at all":               {},
		"escaped dots":                 {sent: "..\r\n...\r\n..a\r\n", taken: ".\r\n..\r\n.a\r\n"},
		"dots elsewhere":               {sent: "a.\r\nb.c\r\n", taken: "a.\r\nb.c\r\n"},
		"998 octets and an escape":     {sent: "." + "." + long[1:] + "\r\n", taken: "." + long[1:] + "\r\n"},
		"999 octets":                   {sent: long + "x\r\n", refused: "line too long"},
		"a line longer than a buffer":  {sent: strings.Repeat("x", 100_000) + "\r\n", refused: "line too long"},
		"an unescaped dot":             {sent: ".a\r\n", refused: "unescaped dot"},
		"bare LF":                      {sent: "a\nb\r\n", refused: "bare LF"},
		"bare CR":                      {sent: "a\rb\r\n", refused: "bare CR"},
		"CR CR LF":                     {sent: "a\r\r\n", refused: "bare CR"},
		"a lone LF in a line":          {sent: "a\r\n\nb\r\n", refused: "bare LF"},
		"LF dot LF":                    {sent: "a\n.\nMAIL FROM:<x@example.com>\r\n", refused: "bare LF"},
		"LF dot CR LF":                 {sent: "a\n.\r\nMAIL FROM:<x@example.com>\r\n", refused: "bare LF"},
		"CR LF dot LF":                 {sent: "a\r\n.\nMAIL FROM:<x@example.com>\r\n", refused: "unescaped dot"},
		"CR dot CR LF":                 {sent: "a\r.\r\n", refused: "bare CR"},
		"NUL":                          {sent: "a\x00b\r\n", refused: "NUL"},
		"8-bit bytes not announced":    {sent: "caf\xc3\xa9\r\n", refused: "8-bit byte without BODY=8BITMIME"},
		"the first of several reasons": {sent: "a\x00b\r\n.c\r\n", refused: "NUL"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := start(t, Options{})
			c := login(t, r)
			c.mail()
			c.send(test.sent + ".\r\n")
			got := c.reply()
			c.say("NOOP", "250 ") // the session is where both sides think it is
			if test.refused != "" {
				if want := "554 5.6.0 Error: " + test.refused; got != want {
					t.Errorf("reply %q, want %q", got, want)
				}
				if v := strings.Join(r.Violations(), "\n"); !strings.Contains(v, test.refused+" in data") {
					t.Errorf("violations: %q", v)
				}
				if r.Taken() != 0 {
					t.Error("the mail was taken")
				}
				return
			}
			if !strings.HasPrefix(got, "250 2.0.0 Ok: queued as ") {
				t.Fatalf("reply %q", got)
			}
			if m := r.Mails()[0]; string(m.Data) != test.taken || m.From != "alerts@example.com" || m.To[0] != "ops@example.com" || m.TLS {
				t.Errorf("took %+v, want data %q", m, test.taken)
			}
			if v := r.Violations(); len(v) > 0 {
				t.Errorf("violations: %q", v)
			}
		})
	}
}

// Pieces end where a buffer happens to end; the verdict must not depend on it.
func TestPiecesOfALineAreJudgedAsTheLine(t *testing.T) {
	for _, line := range []string{"ab\r\n", "a\rb\r\n", "a\nb\r\n", "a\r\r\n", "\r\n", "\n", "..a\r\n", ".a\r\n"} {
		whole := dataLine{start: true}
		var want []byte
		for part := range strings.SplitAfterSeq(line, "\n") {
			if part != "" {
				want = append(want, whole.take([]byte(part))...)
			}
		}
		for cut := 2; cut < len(line); cut++ {
			pieces := dataLine{start: true}
			var got []byte
			for _, part := range append(strings.SplitAfter(line[:cut], "\n"), strings.SplitAfter(line[cut:], "\n")...) {
				if part != "" {
					got = append(got, pieces.take([]byte(part))...)
				}
			}
			if pieces != whole || string(got) != string(want) {
				t.Errorf("%q cut at %d: %+v %q, want %+v %q", line, cut, pieces, got, whole, want)
			}
		}
	}
}

func TestAnnounced8BitIsTaken(t *testing.T) {
	r := start(t, Options{})
	c := login(t, r)
	c.say("MAIL FROM:<a@example.com> body=8bitmime", "250")
	c.say("RCPT TO:<b@example.com>", "250")
	c.say("DATA", "354")
	c.say("caf\xc3\xa9\r\n.", "250 2.0.0")
	if got := string(r.Mails()[0].Data); got != "caf\xc3\xa9\r\n" {
		t.Errorf("took %q", got)
	}
}

func TestCommandsOfABrokenClientAreViolations(t *testing.T) {
	tests := map[string]struct {
		options   Options
		sent      string
		violation string
	}{
		"bare LF":            {sent: "NOOP\n", violation: "bare LF in command"},
		"bare CR":            {sent: "NOOP\rx\r\n", violation: "bare CR in command"},
		"NUL":                {sent: "NOOP \x00\r\n", violation: "NUL in command"},
		"8-bit":              {sent: "RCPT TO:<\xc3\xa9@example.com>\r\n", violation: "8-bit byte in command"},
		"long":               {sent: "NOOP " + strings.Repeat("x", 1000) + "\r\n", violation: "line too long in command"},
		"unknown":            {sent: "From: a\r\n", violation: "unknown command"},
		"no wait after DATA": {sent: "DATA\r\nSubject: x\r\n.\r\n", violation: "bytes sent behind DATA"},
		"no wait after EHLO": {sent: "EHLO b\r\nNOOP\r\n", violation: "bytes sent behind EHLO"},
		"no wait after AUTH": {sent: "AUTH PLAIN =\r\nNOOP\r\n", violation: "bytes sent behind AUTH"},
		"behind STARTTLS":    {sent: "STARTTLS\r\nEHLO b\r\n", violation: "bytes sent behind STARTTLS"},
		"no PIPELINING":      {options: Options{NoPIPELINING: true}, sent: "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n", violation: "bytes sent behind MAIL"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := start(t, test.options)
			c := login(t, r)
			c.send(test.sent)
			eventually(t, r, test.violation, func() bool {
				return strings.Contains(strings.Join(r.Violations(), "\n"), test.violation)
			})
		})
	}
}
