package relaytest

import (
	"bufio"
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// Limits of a command line with its CRLF: the shortest that hold what RFC 5321
// section 4.5.3.1.4 and RFC 4954 section 4 ask for.
const (
	maxLine     = 1000
	maxAUTHLine = 12288
)

// envelope is a transaction that MAIL has begun.
type envelope struct {
	begun    bool
	from     string
	to       []string
	eightBit bool // BODY=8BITMIME
}

// errRefusedLine is a line that is answered with 500 and not looked into.
var errRefusedLine = errors.New("line refused")

// next reads one command and does it.
func (s *session) next() error {
	line, err := s.readLine()
	if errors.Is(err, errRefusedLine) {
		return nil
	}
	if err != nil {
		return err
	}
	if !s.opt.Discard {
		s.update(func(seen *Session) { seen.Commands = append(seen.Commands, line) })
	}
	verb, args, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	switch verb {
	case "MAIL", "RCPT", "RSET":
		if !s.pipelining {
			s.mustBeLast(verb)
		}
	default:
		s.mustBeLast(verb) // RFC 2920 section 3.1
	}
	return s.do(verb, args, line)
}

func (s *session) do(verb, args, line string) error {
	switch verb {
	case "EHLO", "HELO":
		return s.hello(verb, args, line)
	case "STARTTLS":
		return s.starttls(line)
	case "AUTH":
		return s.auth(args)
	case "MAIL":
		return s.mailFrom(args, line)
	case "RCPT":
		return s.rcptTo(args, line)
	case "DATA":
		return s.dataCommand(line)
	case "RSET":
		ok, err := s.answer(RSET, line, "250 2.0.0 Ok")
		if ok {
			s.envelope = envelope{}
		}
		return err
	case "NOOP":
		_, err := s.answer(NOOP, line, "250 2.0.0 Ok")
		return err
	case "QUIT":
		if _, err := s.answer(QUIT, line, "221 2.0.0 Bye"); err != nil {
			return err
		}
		return errEnd
	case "VRFY":
		s.say("252 2.0.0 Send some mail, I will try my best\r\n")
	case "HELP":
		s.say("214 2.0.0 See the SMTP guide of NHN Cloud Email\r\n")
	default:
		s.violation("unknown command %.40q", line)
		s.say("500 5.5.2 Error: command not recognized\r\n")
	}
	return nil
}

// readLine reads a line and takes off its CRLF. A line that no strict relay
// would read is answered and gives errRefusedLine.
func (s *session) readLine() (string, error) {
	part, err := s.in.ReadSlice('\n')
	line := string(part)
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = s.in.ReadSlice('\n')
		if len(line) <= maxAUTHLine {
			line += string(part)
		}
	}
	if err != nil {
		return "", err
	}
	if bad := badLine(line); bad != "" {
		s.violation("%s in command %.60q", bad, line)
		s.say("500 5.5.2 Error: " + bad + "\r\n")
		return "", errRefusedLine
	}
	return line[:len(line)-2], nil
}

func badLine(line string) string {
	limit := maxLine
	if len(line) >= 4 && strings.EqualFold(line[:4], "AUTH") {
		limit = maxAUTHLine
	}
	content, crlf := strings.CutSuffix(line, "\r\n")
	switch {
	case len(line) > limit:
		return "line too long"
	case !crlf:
		return "bare LF"
	case strings.ContainsRune(content, '\r'):
		return "bare CR"
	case strings.ContainsRune(content, 0):
		return "NUL"
	case strings.ContainsFunc(content, func(r rune) bool { return r > 0x7e }):
		return "8-bit byte"
	}
	return ""
}

func (s *session) hello(verb, name, line string) error {
	stage := EHLO
	if s.phase == secure && !s.wrapper {
		stage = EHLO2
	}
	if name == "" {
		_, err := s.answer(stage, line, "501 5.5.4 Syntax: "+verb+" hostname")
		return err
	}
	// The guide's transcript has this stray parenthesis.
	lines := []string{nhncloud.Host + " Hello " + name + " [" + s.peer + "])"}
	var offered []string
	if verb == "EHLO" {
		offered = s.opt.capabilities(s.phase == secure)
		lines = append(lines, offered...)
	}
	var reply strings.Builder
	for i, l := range lines {
		if i == len(lines)-1 {
			reply.WriteString("250 " + l)
		} else {
			reply.WriteString("250-" + l + "\r\n")
		}
	}
	ok, err := s.answer(stage, line, reply.String())
	if ok {
		s.greeted = true
		s.offered = offered
		s.pipelining = offers(offered, "PIPELINING")
		s.envelope = envelope{}
	}
	return err
}

func (s *session) starttls(line string) error {
	usual := "220 2.0.0 Ready to start TLS"
	switch {
	case s.phase == secure:
		usual = "503 5.5.1 Error: TLS already active"
	case !offers(s.offered, "STARTTLS"):
		usual = "502 5.5.1 Error: command not implemented"
	case s.opt.RefuseTLS:
		usual = "454 4.7.0 TLS not available due to temporary reason"
	}
	ok, err := s.answer(STARTTLS, line, usual)
	if err != nil || !ok {
		return err
	}
	s.flush()
	if err := s.startTLS(); err != nil {
		return err
	}
	// What was learned in the clear counts no more (RFC 3207 section 4.2).
	s.greeted, s.offered, s.pipelining, s.authenticated = false, nil, false, false
	s.envelope = envelope{}
	return nil
}

func (s *session) mailFrom(args, line string) error {
	address, params, ok := path(args, "FROM:")
	usual := "250 2.1.0 Ok"
	switch {
	case !s.greeted:
		usual = "503 5.5.1 Error: send HELO/EHLO first"
	case !s.authenticated:
		usual = "530 5.7.0 Authentication required"
	case s.envelope.begun:
		usual = "503 5.5.1 Error: nested MAIL command"
	case !ok:
		usual = "501 5.5.4 Syntax: MAIL FROM:<address>"
	case address != "" && !isAddress(address):
		usual = "501 5.1.7 Bad sender address syntax"
	case !slices.ContainsFunc(params, unknownParameter):
	default:
		usual = "555 5.5.4 Unsupported option"
	}
	done, err := s.answer(MAIL, line, usual)
	if done {
		eightBit := slices.ContainsFunc(params, func(p string) bool { return strings.EqualFold(p, "BODY=8BITMIME") })
		s.envelope = envelope{begun: true, from: address, eightBit: eightBit}
	}
	return err
}

// unknownParameter says whether a MAIL parameter belongs to no extension that
// the guide's EHLO reply names.
func unknownParameter(p string) bool {
	p = strings.ToUpper(p)
	return p != "BODY=7BIT" && p != "BODY=8BITMIME" && !strings.HasPrefix(p, "AUTH=")
}

func (s *session) rcptTo(args, line string) error {
	address, params, ok := path(args, "TO:")
	usual := "250 2.1.5 Ok"
	switch {
	case !s.envelope.begun:
		usual = "503 5.5.1 Error: need MAIL command"
	case !ok:
		usual = "501 5.5.4 Syntax: RCPT TO:<address>"
	case !isAddress(address):
		usual = "501 5.1.3 Bad recipient address syntax"
	case len(params) > 0:
		usual = "555 5.5.4 Unsupported option"
	case s.opt.MaxRecipients > 0 && len(s.envelope.to) >= s.opt.MaxRecipients:
		usual = s.opt.TooMany
	}
	done, err := s.answer(RCPT, line, usual)
	if done {
		s.envelope.to = append(s.envelope.to, address)
	}
	return err
}

// path reads "FROM:<address> parameters" (RFC 5321 section 4.1.2).
func path(args, keyword string) (address string, params []string, ok bool) {
	if len(args) < len(keyword) || !strings.EqualFold(args[:len(keyword)], keyword) {
		return "", nil, false
	}
	rest, ok := strings.CutPrefix(args[len(keyword):], "<")
	if !ok {
		return "", nil, false
	}
	address, rest, ok = strings.Cut(rest, ">")
	if !ok || rest != "" && rest[0] != ' ' {
		return "", nil, false
	}
	return address, strings.Fields(rest), true
}

// isAddress is as strict as a relay that has to pass the address on.
func isAddress(a string) bool {
	at := strings.LastIndexByte(a, '@')
	return at > 0 && at < len(a)-1 && len(a) <= 254 && !strings.ContainsAny(a, "<> \t,;")
}

func (s *session) dataCommand(line string) error {
	usual := "354 End data with <CR><LF>.<CR><LF>"
	switch {
	case !s.envelope.begun:
		usual = "503 5.5.1 Error: need RCPT command"
	case len(s.envelope.to) == 0:
		usual = "554 5.5.1 Error: no valid recipients"
	}
	ok, err := s.answer(DATA, s.about(line), usual)
	if err != nil || !ok {
		return err
	}
	return s.receive()
}

// about is the envelope's addresses for faults to match; nothing is joined
// while there are none.
func (s *session) about(line string) string {
	if len(s.relay.faults.all()) == 0 {
		return ""
	}
	var b bytes.Buffer
	b.WriteString(line + " " + s.envelope.from)
	for _, to := range s.envelope.to {
		b.WriteString(" " + to)
	}
	return b.String()
}
