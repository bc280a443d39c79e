package relaytest

import (
	"encoding/base64"
	"strings"
	"testing"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestAuthVerdicts(t *testing.T) {
	const (
		ok    = "235 Authentication Successful"
		wrong = "535 5.7.8"
	)
	tests := map[string]struct {
		options Options
		dialog  []string // typed, expected, typed, expected...
		user    string   // recorded
	}{
		"PLAIN in one line":              {dialog: []string{"AUTH PLAIN " + b64("\x00AppKey\x00SecretKey"), ok}, user: "AppKey"},
		"PLAIN after the challenge":      {dialog: []string{"AUTH PLAIN", "334 ", b64("\x00AppKey\x00SecretKey"), ok}, user: "AppKey"},
		"PLAIN acting for itself":        {dialog: []string{"AUTH PLAIN " + b64("AppKey\x00AppKey\x00SecretKey"), ok}, user: "AppKey"},
		"LOGIN with the user name":       {dialog: []string{"AUTH LOGIN " + b64("AppKey"), "334 " + challengePassword, b64("SecretKey"), ok}, user: "AppKey"},
		"type normal":                    {dialog: []string{"AUTH PLAIN " + b64("\x00AppKey#normal\x00SecretKey"), ok}, user: "AppKey#normal"},
		"type auth":                      {dialog: []string{"AUTH PLAIN " + b64("\x00AppKey#auth\x00SecretKey"), ok}, user: "AppKey#auth"},
		"type ad by LOGIN":               {dialog: []string{"AUTH LOGIN " + b64("AppKey#ad"), "334 ", b64("SecretKey"), ok}, user: "AppKey#ad"},
		"own credentials":                {options: Options{SecretKey: "s"}, dialog: []string{"AUTH PLAIN " + b64("\x00AppKey#ad\x00s"), ok}, user: "AppKey#ad"},
		"unknown type":                   {dialog: []string{"AUTH PLAIN " + b64("\x00AppKey#bulk\x00SecretKey"), wrong}},
		"empty type":                     {dialog: []string{"AUTH PLAIN " + b64("\x00AppKey#\x00SecretKey"), wrong}},
		"type in other letters":          {dialog: []string{"AUTH PLAIN " + b64("\x00AppKey#AD\x00SecretKey"), wrong}},
		"wrong password":                 {dialog: []string{"AUTH PLAIN " + b64("\x00AppKey\x00secretkey"), wrong}},
		"wrong password by LOGIN":        {dialog: []string{"AUTH LOGIN", "334 ", b64("AppKey"), "334 ", b64("no"), wrong}},
		"acting for another":             {dialog: []string{"AUTH PLAIN " + b64("Other\x00AppKey\x00SecretKey"), "501 5.5.2"}},
		"two parts only":                 {dialog: []string{"AUTH PLAIN " + b64("AppKey\x00SecretKey"), "501 5.5.2"}},
		"not base64":                     {dialog: []string{"AUTH PLAIN %%%", "501 5.5.2"}},
		"not base64 by LOGIN":            {dialog: []string{"AUTH LOGIN", "334 ", "%%%", "501 5.5.2", "NOOP", "250 "}},
		"empty initial response":         {dialog: []string{"AUTH PLAIN =", "501 5.5.2"}},
		"cancelled":                      {dialog: []string{"AUTH LOGIN", "334 ", "*", "501 5.7.0", "NOOP", "250 "}},
		"unknown mechanism":              {dialog: []string{"AUTH CRAM-MD5", "504 5.5.4"}},
		"no mechanism":                   {dialog: []string{"AUTH", "504 5.5.4"}},
		"twice":                          {dialog: []string{"AUTH PLAIN " + b64("\x00AppKey\x00SecretKey"), ok, "AUTH PLAIN " + b64("\x00AppKey\x00SecretKey"), "503 5.5.1"}, user: "AppKey"},
		"hidden":                         {options: Options{Capabilities: []string{"PIPELINING"}}, dialog: []string{"AUTH PLAIN " + b64("\x00AppKey\x00SecretKey"), "502 5.5.1"}},
		"offered in the old line only":   {options: Options{Capabilities: []string{"AUTH=LOGIN PLAIN"}}, dialog: []string{"AUTH PLAIN " + b64("\x00AppKey\x00SecretKey"), ok}, user: "AppKey"},
		"mechanism left out of the list": {options: Options{Capabilities: []string{"AUTH LOGIN"}}, dialog: []string{"AUTH PLAIN " + b64("\x00AppKey\x00SecretKey"), "504 5.5.4", "AUTH LOGIN", "334 "}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := start(t, test.options)
			c := dial(t, r)
			c.reply()
			c.say("EHLO a", "250 ")
			for i := 0; i < len(test.dialog); i += 2 {
				c.say(test.dialog[i], test.dialog[i+1])
			}
			s := r.Sessions()[0]
			if s.UserName != test.user {
				t.Errorf("recorded user name %q, want %q", s.UserName, test.user)
			}
			if want := strings.Count(strings.Join(test.dialog, "\n"), ok) + strings.Count(strings.Join(test.dialog, "\n"), wrong); want > s.AuthAttempts {
				t.Errorf("recorded %d attempts, want at least %d", s.AuthAttempts, want)
			}
		})
	}
}
