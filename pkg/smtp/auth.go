package smtp

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// chooseMechanism picks the SASL mechanism: the wanted one if it is offered. There
// is no falling back to none.
func (s *session) chooseMechanism() (string, error) {
	offered := s.caps
	var candidates []string
	switch s.cfg.Mechanism {
	case settings.AuthPlain:
		candidates = []string{sasl.Plain}
	case settings.AuthLogin:
		candidates = []string{sasl.Login}
	default:
		candidates = []string{sasl.Plain, sasl.Login}
		if s.cfg.learned.plainRefused.Load() {
			slices.Reverse(candidates)
		}
	}
	for _, m := range candidates {
		if offered.offers(m) {
			return m, nil
		}
	}
	reason := "the relay offers no AUTH"
	if len(offered.mechanisms) > 0 {
		reason = "the relay offers AUTH " + strings.Join(offered.mechanisms, " ") + ", not " + strings.Join(candidates, " or ")
	}
	return "", errors.New(reason)
}

// saslClient makes the client of a mechanism. LOGIN has its own, since go-sasl's
// wants to be asked in certain words.
func saslClient(mechanism, userName, password string) sasl.Client {
	if mechanism == sasl.Login {
		return &loginClient{answers: []string{userName, password}}
	}
	return &plainClient{Client: sasl.NewPlainClient("", userName, password)}
}

// plainClient repeats its response for a relay that passes over the initial
// one and asks with an empty challenge (RFC 4954 section 4).
type plainClient struct {
	sasl.Client
	response []byte
}

func (c *plainClient) Start() (string, []byte, error) {
	name, ir, err := c.Client.Start()
	c.response = ir
	return name, ir, err
}

func (c *plainClient) Next(challenge []byte) ([]byte, error) {
	if len(challenge) > 0 || c.response == nil {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	response := c.response
	c.response = nil
	return response, nil
}

// loginClient answers with the user name, then the password, whatever the
// relay calls them: LOGIN has no standard, and its prompts vary. It sends no
// initial response, which not every relay expects.
type loginClient struct{ answers []string }

func (c *loginClient) Start() (string, []byte, error) { return sasl.Login, nil, nil }

func (c *loginClient) Next([]byte) ([]byte, error) {
	if len(c.answers) == 0 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	answer := c.answers[0]
	c.answers = c.answers[1:]
	return []byte(answer), nil
}

// authenticate runs AUTH (RFC 4954). It is called on TLS only. A relay that
// offers PLAIN and refuses that mechanism gets LOGIN, unless the settings name
// one; credentials that are refused are not offered a second time.
func (s *session) authenticate() (Reply, *Error) {
	name, err := s.chooseMechanism()
	if err != nil {
		reason := failure.Bounded(s.redactor.redact(err.Error()))
		return Reply{}, &Error{Code: failure.Refused, Stage: StageAuth, Err: errors.New(reason)}
	}
	reply, fail := s.auth(name)
	if s.cfg.Mechanism == settings.AuthPlain || s.cfg.Mechanism == settings.AuthLogin || !refusesMechanism(fail) {
		return reply, fail
	}
	login := name == sasl.Plain
	s.cfg.learned.plainRefused.Store(login)
	if !login || !s.caps.offers(sasl.Login) {
		return reply, fail
	}
	s.fellBack = true
	return s.auth(sasl.Login)
}

// hungUpOnPlain says whether the relay refused PLAIN and then ended the
// connection, so that LOGIN is to be tried first on another.
func (s *session) hungUpOnPlain(err *Error) bool {
	return s.fellBack && err != nil && err.Stage == StageAuth && (err.Code == failure.Closing || err.Code == failure.Network)
}

// refusesMechanism says whether a reply to AUTH refuses the mechanism and not the
// credentials: 504 and 534 (RFC 4954 section 4 and 6), what servers say of a
// command that they do not know, and 553, which some say of PLAIN.
func refusesMechanism(e *Error) bool {
	if e == nil || e.Stage != StageAuth {
		return false
	}
	switch e.Reply.Code {
	case 500, 501, 502, 504, 534, 553:
		return true
	}
	return false
}

// auth runs one mechanism.
func (s *session) auth(name string) (Reply, *Error) {
	s.mechanism = name
	client := saslClient(name, s.cfg.UserName, s.cfg.Password)
	_, response, err := client.Start()
	if err != nil {
		return Reply{}, asFailure(StageAuth, err)
	}
	command := "AUTH " + name
	if response != nil {
		command += " " + base64.StdEncoding.EncodeToString(response)
	}
	for {
		reply, fail := s.ask(StageAuth, command)
		if fail != nil {
			return Reply{}, fail
		}
		switch {
		case reply.Code/100 == 2:
			return reply, nil
		case reply.Code != 334:
			return reply, refusal(StageAuth, reply)
		}
		// A challenge that is not base64 is still a challenge: LOGIN does not
		// look at it, and PLAIN takes none but the empty one.
		challenge, err := base64.StdEncoding.DecodeString(reply.Text)
		if err != nil {
			challenge = []byte(reply.Text)
		}
		if response, err = client.Next(challenge); err != nil {
			return reply, asFailure(StageAuth, malformed{reason: "the relay asks for more than " + name + " has to say"})
		}
		command = base64.StdEncoding.EncodeToString(response)
	}
}
