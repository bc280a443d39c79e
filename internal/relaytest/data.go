package relaytest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxMail bounds what is kept of one mail.
const maxMail = 64 << 20

// receive reads a mail's data after 354, gives the verdict and ends the
// transaction.
func (s *session) receive() error {
	bad, err := s.readData()
	if err != nil {
		return err
	}
	id := strings.ToUpper(strconv.FormatInt(time.Now().UnixNano(), 36)) + "-" + strconv.Itoa(s.seen.ID)
	usual := "250 2.0.0 Ok: queued as " + id
	switch {
	case len(s.envelope.to) == 0:
		usual = "554 5.5.1 Error: no valid recipients"
	case bad != "":
		s.violation("%s in data", bad)
		usual = "554 5.6.0 Error: " + bad
	}
	if !s.pipelining {
		s.mustBeLast("the final dot")
	}
	about := s.about("")
	raw, err := s.consult(EOM, about, usual+"\r\n")
	if err != nil {
		return err
	}
	if strings.HasPrefix(raw, "2") {
		s.take(id)
		if raw, err = s.consult(Taken, about, raw); err != nil {
			return err
		}
	}
	s.say(raw)
	s.envelope = envelope{}
	return nil
}

func (s *session) take(id string) {
	mail := Mail{
		UserName:  s.seen.UserName,
		Mechanism: s.seen.Mechanism,
		From:      s.envelope.from,
		To:        s.envelope.to,
		Data:      s.data,
		TLS:       s.phase == secure,
		Session:   s.seen.ID,
		QueueID:   id,
		At:        time.Now(),
	}
	if !s.opt.Discard {
		mail.Data = bytes.Clone(s.data)
	}
	if s.opt.OnMail != nil {
		s.opt.OnMail(mail)
	}
	s.update(func(seen *Session) {
		seen.Mails++
		s.relay.records.taken++
		if !s.opt.Discard {
			s.relay.records.mails = append(s.relay.records.mails, mail)
		}
	})
}

// readData reads up to the final dot into s.data, dots unescaped. Only
// CRLF.CRLF ends a mail, whatever bare CR and LF there are. It returns the
// first thing a strict relay would refuse the mail for.
func (s *session) readData() (bad string, err error) {
	s.data = s.data[:0]
	watched := slices.ContainsFunc(s.relay.faults.all(), func(o *order) bool { return o.Stage == Body })
	line := dataLine{start: true, eightBit: s.envelope.eightBit}
	for {
		part, err := s.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
		if line.start && string(part) == ".\r\n" {
			return line.bad, nil
		}
		if watched {
			raw, err := s.consult(Body, string(part), "")
			if err != nil {
				return "", err
			}
			s.say(raw)
		}
		content := line.take(part)
		if len(s.data)+len(content) > maxMail {
			line.refuse("message too big")
			continue
		}
		s.data = append(s.data, content...)
	}
}

// dataLine follows the lines of a mail's data, piece by piece.
type dataLine struct {
	start    bool // the next piece begins a line
	last     byte // of the piece before, when it was the same line
	length   int  // of the line so far
	eightBit bool // announced
	bad      string
}

func (l *dataLine) refuse(reason string) {
	if l.bad == "" {
		l.bad = reason
	}
}

// take judges a piece and returns it without its escaping dot.
func (l *dataLine) take(part []byte) []byte {
	content := part
	if l.start && part[0] == '.' {
		if len(part) < 2 || part[1] != '.' {
			l.refuse("unescaped dot")
		}
		content = part[1:]
	}
	l.length += len(content)
	if l.length > maxLine {
		l.refuse("line too long")
	}
	if l.last == 0 && isUsual(part) {
		l.start, l.length = true, 0
		return content
	}
	last := l.last
	for _, c := range part {
		switch {
		case c == '\n' && last != '\r':
			l.refuse("bare LF")
		case c != '\n' && last == '\r':
			l.refuse("bare CR")
		case c == 0:
			l.refuse("NUL")
		case c >= 0x80 && !l.eightBit:
			l.refuse("8-bit byte without BODY=8BITMIME")
		}
		last = c
	}
	ended := last == '\n'
	l.start = ended && (len(part) > 1 && part[len(part)-2] == '\r' || len(part) == 1 && l.last == '\r')
	l.last = last
	if ended {
		l.last, l.length = 0, 0
	}
	return content
}

// isUsual recognizes, at little cost, a whole line in which there is nothing
// to refuse.
func isUsual(part []byte) bool {
	if !bytes.HasSuffix(part, []byte("\r\n")) || bytes.IndexByte(part, '\r') != len(part)-2 || bytes.IndexByte(part, 0) >= 0 {
		return false
	}
	var all uint64
	for ; len(part) >= 8; part = part[8:] {
		all |= binary.LittleEndian.Uint64(part)
	}
	for _, c := range part {
		all |= uint64(c)
	}
	return all&0x8080_8080_8080_8080 == 0
}
