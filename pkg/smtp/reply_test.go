package smtp

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReplies(t *testing.T) {
	tests := []struct {
		name, raw string
		want      Reply
	}{
		{"one line", "250 2.1.0 Ok\r\n", Reply{Code: 250, EnhancedCode: "2.1.0", Text: "Ok"}},
		{"no enhanced code", "235 Authentication Successful\r\n", Reply{Code: 235, EnhancedCode: "", Text: "Authentication Successful"}},
		{"no text", "250 \r\n", Reply{Code: 250, EnhancedCode: "", Text: ""}},
		{"code alone", "250\r\n", Reply{Code: 250, EnhancedCode: "", Text: ""}},
		{"enhanced code alone", "250 2.0.0\r\n", Reply{Code: 250, EnhancedCode: "2.0.0", Text: ""}},
		{"several lines", "550-5.1.1 no such\r\n550 5.1.1 user\r\n", Reply{Code: 550, EnhancedCode: "5.1.1", Text: "no such\nuser"}},
		{"enhanced code in the first line only", "550-5.1.1 no such\r\n550 user\r\n", Reply{Code: 550, EnhancedCode: "5.1.1", Text: "no such\nuser"}},
		{"enhanced code of another class is text", "550 2.1.1 no\r\n", Reply{Code: 550, EnhancedCode: "", Text: "2.1.1 no"}},
		{"enhanced code with too many digits is text", "550 5.1.1234 no\r\n", Reply{Code: 550, EnhancedCode: "", Text: "5.1.1234 no"}},
		{"a version is no enhanced code", "220 5.7 ready\r\n", Reply{Code: 220, EnhancedCode: "", Text: "5.7 ready"}},
		{"bare LF ends a line too", "250 ok\n", Reply{Code: 250, EnhancedCode: "", Text: "ok"}},
		{"control characters become spaces", "550 a\x00b\x1b[31mc\rd\x7f\r\n", Reply{Code: 550, EnhancedCode: "", Text: "a b [31mc d "}},
		{"what turns around the text becomes spaces", "550 \u202ereversed\u202c \u2066x\u2069\u200f\u061c\r\n", Reply{Code: 550, EnhancedCode: "", Text: " reversed   x   "}},
		{"and what cannot be seen", "550 a\u200bb\u00adc\ufeffd\u2028e\u3164f\ufe0fg\U000e0041h\u0085i\r\n", Reply{Code: 550, EnhancedCode: "", Text: "a b c d e f g h i"}},
		{"broken UTF-8 is replaced", "550 a\xffb\r\n", Reply{Code: 550, EnhancedCode: "", Text: "a\uFFFDb"}},
		{"UTF-8 stays", "550 수신 거부\r\n", Reply{Code: 550, EnhancedCode: "", Text: "수신 거부"}},
		{"the longest line", "250 " + strings.Repeat("x", maxReplyLine-6) + "\r\n", Reply{Code: 250, EnhancedCode: "", Text: strings.Repeat("x", maxReplyLine-6)}},
		{"the most lines", strings.Repeat("250-x\r\n", maxReplyLines-1) + "250 x\r\n", Reply{Code: 250, EnhancedCode: "", Text: strings.Repeat("x\n", maxReplyLines-1) + "x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readReply(bufio.NewReaderSize(strings.NewReader(tt.raw), readBuffer))
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestWhatIsNoReplyIsAnError(t *testing.T) {
	const brokenOff = "broken off"
	for name, raw := range map[string]string{
		"empty line":                "\r\n",
		"text":                      "hello\r\n",
		"HTTP":                      "HTTP/1.1 400 Bad Request\r\n",
		"SSH":                       "SSH-2.0-OpenSSH_9.2\r\n",
		"two digits":                "25 ok\r\n",
		"four digits":               "2500 ok\r\n",
		"class 0":                   "050 ok\r\n",
		"class 6":                   "650 ok\r\n",
		"binary":                    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
		"another code in the reply": "250-ok\r\n550 no\r\n",
		"a line too long":           "250 " + strings.Repeat("x", maxReplyLine) + "\r\n",
		"a line of 2 MiB":           "250 " + strings.Repeat("x", 2<<20) + "\r\n",
		"too many lines":            strings.Repeat("250-x\r\n", maxReplyLines) + "250 x\r\n",
		brokenOff + " in a line":    "250 o",
		brokenOff + " in the CRLF":  "250 ok\r",
		brokenOff + " after a line": "250-ok\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			reply, err := readReply(bufio.NewReaderSize(strings.NewReader(raw), readBuffer))
			var m malformed
			if strings.HasPrefix(name, brokenOff) {
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%+v, %v", reply, err)
				}
			} else if !errors.As(err, &m) {
				t.Errorf("%+v, %v", reply, err)
			}
			if err != nil && len(err.Error()) > 2*500 {
				t.Errorf("an error of %d octets", len(err.Error()))
			}
		})
	}
}

func TestReplyOnOneLineIsBounded(t *testing.T) {
	r := Reply{Code: 550, EnhancedCode: "5.7.1", Text: strings.Repeat("수", 500) + "\n" + "more"}
	if s := r.String(); len(s) > 500+20 || strings.ContainsAny(s, "\r\n") || !utf8.ValidString(s) {
		t.Errorf("%d octets: %q", len(s), s)
	}
}

func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{
		"250 2.1.0 Ok\r\n", "250-a\r\n250 b\r\n", "250", "354 go\r\n", "421 4.3.2 bye\r\n550-5.1.1 a\r\n550 5.1.1 b\n",
		"220 \xff\x00\r\n", "334 VXNlcm5hbWU6\r\n", "250-" + strings.Repeat("x", 3000), "2\r\n", "\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bufio.NewReaderSize(strings.NewReader(string(raw)), readBuffer)
		for {
			reply, err := readReply(r)
			if err != nil {
				if s := asFailure(StageMail, err).Error(); strings.ContainsAny(s, "\r\n\x00\x1b") || !utf8.ValidString(s) || len(s) > 4*500 {
					t.Fatalf("error %q", s)
				}
				return
			}
			if reply.Code < 100 || reply.Code > 599 {
				t.Fatalf("code %d", reply.Code)
			}
			if s := reply.String(); strings.ContainsAny(s, "\r\n\x00\x1b") || !utf8.ValidString(s) || len(s) > 500+20+len(reply.EnhancedCode) {
				t.Fatalf("reply %q", s)
			}
			if e := reply.EnhancedCode; e != "" && e[0] != '0'+byte(reply.Code/100) {
				t.Fatalf("enhanced code %q of a %d", e, reply.Code)
			}
			if e := refusal(StageMail, reply); e.Reply.Code != reply.Code || len(e.Reply.Text) > 500+3 {
				t.Fatalf("error %v", e)
			}
			for _, line := range parseCapabilities(reply, redactor{}).lines {
				if line == "" || strings.ContainsAny(line, "\r\n\x00\x1b") || !utf8.ValidString(line) || len(line) > 500+3 {
					t.Fatalf("capability %q", line)
				}
			}
		}
	})
}
