package relaytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The transcripts are the guide's, with the address of a loopback client in
// place of its own; lines that begin with "> " are what it typed.
func TestTheGuidesSamplesReplayByteForByte(t *testing.T) {
	for _, sample := range []string{"plain", "login"} {
		t.Run(sample, func(t *testing.T) {
			transcript, err := os.ReadFile(filepath.Join("testdata", "guide-"+sample+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			r := start(t, Options{})
			c := dial(t, r)
			for line := range strings.Lines(string(transcript)) {
				line = strings.TrimSuffix(line, "\n") + "\r\n"
				if typed, ok := strings.CutPrefix(line, "> "); ok {
					c.send(typed)
				} else {
					c.expect(line)
				}
			}
			s := r.Sessions()[0]
			if s.UserName != "AppKey" || s.Mechanism != strings.ToUpper(sample) || s.TLSVersion != 0 {
				t.Errorf("recorded %q by %s under TLS %x, want AppKey by %s before TLS", s.UserName, s.Mechanism, s.TLSVersion, sample)
			}
			if v := r.Violations(); len(v) > 0 {
				t.Errorf("violations: %q", v)
			}
		})
	}
}

func TestSTARTTLSIsNotOfferedUnderTLS(t *testing.T) {
	const greeting = "220 smtp-mail.nhncloudservice.com SMTP Server (NHN Cloud Email SMTP) ready\r\n"
	const hello = "250-smtp-mail.nhncloudservice.com Hello a [127.0.0.1])\r\n" +
		"250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n" +
		"250-AUTH LOGIN PLAIN\r\n250 AUTH=LOGIN PLAIN\r\n"
	r := start(t, Options{})

	c := dial(t, r)
	c.expect(greeting)
	c.say("EHLO a", "250 ")
	c.say("STARTTLS", "220 2.0.0")
	c.secure(r)
	c.send("EHLO a\r\n")
	c.expect(hello)

	c = dialPort(t, r, r.TLSWrapperPort())
	c.secure(r)
	c.expect(greeting)
	c.send("EHLO a\r\n")
	c.expect(hello)
}
