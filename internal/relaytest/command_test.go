package relaytest

import (
	"strings"
	"testing"
)

func TestCommandsAreRefusedWhereDue(t *testing.T) {
	const from, to = "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>"
	tests := map[string][]string{ // typed, expected, typed, expected...
		"verbs in any case":                 {"mail from:<a@example.com>", "250 2.1.0", "rCpT tO:<b@example.com>", "250 2.1.5", "data", "354"},
		"the null sender":                   {"MAIL FROM:<>", "250 2.1.0"},
		"BODY is known":                     {from + " BODY=8BITMIME", "250 2.1.0"},
		"SIZE was not offered":              {from + " SIZE=100", "555 5.5.4"},
		"SMTPUTF8 was not offered":          {from + " SMTPUTF8", "555 5.5.4"},
		"MAIL without angle brackets":       {"MAIL FROM:a@example.com", "501 5.5.4"},
		"MAIL with text behind the address": {from + "x", "501 5.5.4"},
		"MAIL from no address":              {"MAIL FROM:<a>", "501 5.1.7"},
		"MAIL twice":                        {from, "250", from, "503 5.5.1"},
		"RCPT first":                        {to, "503 5.5.1"},
		"RCPT to nobody":                    {from, "250", "RCPT TO:<>", "501 5.1.3"},
		"RCPT with two addresses":           {from, "250", "RCPT TO:<a@b,c@d>", "501 5.1.3"},
		"RCPT with a parameter":             {from, "250", to + " NOTIFY=NEVER", "555 5.5.4"},
		"DATA first":                        {"DATA", "503 5.5.1"},
		"DATA without recipients":           {from, "250", "DATA", "554 5.5.1"},
		"RSET ends the transaction":         {from, "250", "RSET", "250 2.0.0", to, "503 5.5.1"},
		"EHLO ends the transaction":         {from, "250", "EHLO a", "250 ", to, "503 5.5.1"},
		"EHLO without a name":               {"EHLO", "501 5.5.4"},
		"HELO offers nothing":               {"HELO a", "250 smtp-mail.nhncloudservice.com Hello a [127.0.0.1])", "STARTTLS", "502 5.5.1"},
		"NOOP":                              {"NOOP", "250 2.0.0"},
		"VRFY":                              {"VRFY ops", "252 "},
		"HELP":                              {"HELP", "214 "},
		"unknown commands":                  {"TURN", "500 5.5.2", "NOOP", "250 "},
		"lines too long":                    {"NOOP " + strings.Repeat("x", 1000), "500 5.5.2", "NOOP", "250 "},
		"lines longer than any buffer":      {"NOOP " + strings.Repeat("x", 100_000), "500 5.5.2", "NOOP", "250 "},
		"AUTH during a transaction":         {from, "250", "AUTH LOGIN", "503 5.5.1"},
		"QUIT":                              {"QUIT", "221 2.0.0"},
	}
	for name, dialog := range tests {
		t.Run(name, func(t *testing.T) {
			c := login(t, start(t, Options{}))
			for i := 0; i < len(dialog); i += 2 {
				c.say(dialog[i], dialog[i+1])
			}
			if dialog[0] == "QUIT" {
				c.gone()
			}
		})
	}
}

func TestNothingIsDoneForStrangers(t *testing.T) {
	c := dial(t, start(t, Options{}))
	c.reply()
	c.say("MAIL FROM:<a@example.com>", "503 5.5.1")
	c.say("AUTH LOGIN", "503 5.5.1")
	c.say("STARTTLS", "502 5.5.1")
	c.say("EHLO a", "250 ")
	c.say("MAIL FROM:<a@example.com>", "530 5.7.0")
}

func TestTLSForgetsWhatWasSaidBefore(t *testing.T) {
	r := start(t, Options{})
	c := login(t, r)
	c.say("STARTTLS", "220 ")
	c.secure(r)
	c.say("MAIL FROM:<a@example.com>", "503 5.5.1")
	c.say("EHLO a", "250 ")
	c.say("MAIL FROM:<a@example.com>", "530 5.7.0")
	c.say("STARTTLS", "503 5.5.1")
}

func TestOwnCapabilityListsAreShownAsGiven(t *testing.T) {
	r := start(t, Options{Capabilities: []string{}, CapabilitiesTLS: []string{"SIZE 1000", "AUTH PLAIN"}})
	c := dial(t, r)
	c.reply()
	c.send("EHLO a\r\n")
	c.expect("250 smtp-mail.nhncloudservice.com Hello a [127.0.0.1])\r\n")
	c = dialPort(t, r, r.TLSWrapperPort())
	c.secure(r)
	c.reply()
	c.send("EHLO a\r\n")
	c.expect("250-smtp-mail.nhncloudservice.com Hello a [127.0.0.1])\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n")
}

func TestAFlightIsAnsweredInOrder(t *testing.T) {
	r := start(t, Options{})
	c := login(t, r)
	c.send("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<nobody>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n")
	c.expect("250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n501 5.1.3 Bad recipient address syntax\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n")
	// The end of one mail and the envelope of the next in one flight.
	c.send("one\r\n.\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<d@example.com>\r\nDATA\r\n")
	for _, want := range []string{"250 2.0.0", "250 2.1.0", "250 2.1.5", "354"} {
		if got := c.reply(); !strings.HasPrefix(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	c.say("two\r\n.", "250 2.0.0")
	mails := r.Mails()
	if len(mails) != 2 || string(mails[0].Data) != "one\r\n" || strings.Join(mails[0].To, " ") != "b@example.com c@example.com" ||
		string(mails[1].Data) != "two\r\n" || strings.Join(mails[1].To, " ") != "d@example.com" || mails[0].QueueID == mails[1].QueueID {
		t.Errorf("mails: %+v", mails)
	}
	if v := r.Violations(); len(v) > 0 {
		t.Errorf("violations: %q", v)
	}
}

func TestATransactionTakesNoMoreRecipientsThanTheCap(t *testing.T) {
	r := start(t, Options{MaxRecipients: 1})
	c := login(t, r)
	for range 2 {
		c.say("MAIL FROM:<a@example.com>", "250")
		c.say("RCPT TO:<b@example.com>", "250")
		c.say("RCPT TO:<c@example.com>", "452 4.5.3")
		c.say("RSET", "250")
	}
}
