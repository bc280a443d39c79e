package relaytest

import (
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// The challenges of LOGIN as the guide shows them: "Username:", "Password:".
const (
	challengeUserName = "VXNlcm5hbWU6"
	challengePassword = "UGFzc3dvcmQ6"
)

// auth takes AUTH PLAIN and AUTH LOGIN, with or without an initial response
// (RFC 4954), before TLS as well: the guide's telnet sample does that, and a
// test can only prove that a client does not when the relay would let it.
func (s *session) auth(args string) error {
	mechanism, initial, hasInitial := strings.Cut(args, " ")
	mechanism = strings.ToUpper(mechanism)
	offered := mechanisms(s.offered)
	refusal := ""
	switch {
	case !s.greeted:
		refusal = "503 5.5.1 Error: send HELO/EHLO first"
	case len(offered) == 0:
		refusal = "502 5.5.1 Error: command not implemented"
	case s.authenticated:
		refusal = "503 5.5.1 Error: already authenticated"
	case s.envelope.begun:
		refusal = "503 5.5.1 Error: MAIL transaction in progress"
	case !slices.Contains(offered, mechanism) || mechanism != "PLAIN" && mechanism != "LOGIN":
		refusal = "504 5.5.4 Unrecognized authentication type"
	}
	if refusal != "" {
		_, err := s.answer(AUTH, "", refusal)
		return err
	}

	answers := answers{s: s}
	if hasInitial {
		answers.initial = &initial
	}
	var userName, password string
	if mechanism == "PLAIN" {
		// authzid NUL authcid NUL passwd (RFC 4616); the guide leaves the first empty.
		message := strings.Split(answers.next(""), "\x00")
		if answers.ok() && (len(message) != 3 || message[0] != "" && message[0] != message[1]) {
			answers.refusal = "501 5.5.2 Malformed authentication message"
		}
		if answers.ok() {
			userName, password = message[1], message[2]
		}
	} else {
		userName = answers.next(challengeUserName)
		answers.about = userName
		password = answers.next(challengePassword)
	}
	if answers.err != nil || answers.ended {
		return answers.err
	}
	return s.judge(mechanism, userName, password, answers.refusal)
}

// judge gives the verdict on credentials, or the refusal of what was no
// credentials at all.
func (s *session) judge(mechanism, userName, password, refusal string) error {
	usual := "235 Authentication Successful"
	if refusal != "" {
		usual = refusal
	} else if !s.knows(userName, password) {
		// The guide shows no failure: code and text are what RFC 4954
		// section 6 gives for wrong credentials.
		usual = "535 5.7.8 Authentication credentials invalid"
	}
	ok, err := s.answer(AUTH, userName, usual)
	s.authenticated = ok && err == nil
	s.update(func(seen *Session) {
		seen.AuthAttempts++
		if s.authenticated {
			seen.UserName, seen.Mechanism = userName, mechanism
		}
	})
	return err
}

func (s *session) knows(userName, password string) bool {
	known := userName == appKey || slices.ContainsFunc(nhncloud.MailTypes(), func(t nhncloud.MailType) bool {
		return userName == nhncloud.UserName(appKey, t)
	})
	return known && subtle.ConstantTimeCompare([]byte(password), []byte(s.opt.SecretKey)) == 1
}

// answers are the client's responses to challenges; after the first failure
// they are all empty.
type answers struct {
	s       *session
	initial *string
	about   string // user name, as far as it is known
	refusal string
	ended   bool // a fault answered a challenge with a refusal
	err     error
}

func (a *answers) ok() bool { return a.err == nil && !a.ended && a.refusal == "" }

// next is the response to a challenge, decoded.
func (a *answers) next(challenge string) string {
	if !a.ok() {
		return ""
	}
	var encoded string
	if a.initial != nil {
		encoded, a.initial = *a.initial, nil
		if encoded == "=" { // an empty initial response (RFC 4954 section 4)
			return ""
		}
	} else {
		asked, err := a.s.answer(Challenge, a.about, "334 "+challenge)
		if err != nil || !asked {
			a.err, a.ended = err, true
			return ""
		}
		a.s.nowWait()
		if encoded, a.err = a.s.readLine(); a.err != nil {
			if a.err == errRefusedLine {
				a.err, a.ended = nil, true
			}
			return ""
		}
		a.s.nowWait()
	}
	if encoded == "*" {
		a.refusal = "501 5.7.0 Authentication cancelled"
		return ""
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		a.refusal = "501 5.5.2 Cannot decode response"
		return ""
	}
	return string(decoded)
}
