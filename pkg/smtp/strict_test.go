package smtp

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// strictRelay is go-smtp's server: a peer that was not written with this
// client in mind.
type strictRelay struct {
	mu    sync.Mutex
	mails [][]byte
}

func (r *strictRelay) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return &strictSession{r}, nil }

type strictSession struct{ relay *strictRelay }

func (*strictSession) Reset()                                 {}
func (*strictSession) Logout() error                          { return nil }
func (*strictSession) AuthMechanisms() []string               { return []string{sasl.Plain} }
func (*strictSession) Mail(string, *gosmtp.MailOptions) error { return nil }
func (*strictSession) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	return nil
}

func (*strictSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "AppKey" || password != "SecretKey" {
			return gosmtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *strictSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.relay.mails = append(s.relay.mails, data)
	return nil
}

func startStrictRelay(t *testing.T) (*strictRelay, Config) {
	t.Helper()
	relay := new(strictRelay)
	server := gosmtp.NewServer(relay)
	server.Domain = "localhost"
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return relay, Config{
		Host:     "127.0.0.1",
		Port:     l.Addr().(*net.TCPAddr).Port,
		Mode:     nhncloud.STARTTLS,
		TLS:      &tls.Config{InsecureSkipVerify: true},
		UserName: "AppKey",
		Password: "SecretKey",
		EHLOName: "client.example.com",
	}
}

func TestStrictPeerReadsEveryDotAsItWasMeant(t *testing.T) {
	relay, c := startStrictRelay(t)
	pool := startPool(t, c)
	var want [][]byte
	// A dot, and an end of data, at every position around line ends and around
	// the bounds of buffers and TLS records.
	for _, insert := range []string{".", "\r\n.\r\n", "\r\n.", ".\r\n", "\r\n..\r\n", "\r\n.\r\nMAIL FROM:<evil@example.com>\r\n"} {
		for _, at := range []int{0, 1, 30, 31, 32, writeBuffer - 3, writeBuffer - 2, writeBuffer - 1, writeBuffer, writeBuffer + 1, 3*writeBuffer + 5} {
			text := []byte(strings.Repeat("0123456789abcdef0123456789abcd\r\n", 2048))
			text = append(text[:at:at], append([]byte(insert), text[at:]...)...)
			if checkData([][]byte{text}) != nil { // the insert parts a CRLF
				continue
			}
			want = append(want, text)
		}
	}
	for i, data := range want {
		mail := testMail()
		mail.Data = [][]byte{data[:len(data)/3], data[len(data)/3:]}
		if _, err := pool.Send(testContext(t), mail); err != nil {
			t.Fatalf("mail %d: %v", i, err)
		}
	}
	if len(relay.mails) != len(want) {
		t.Fatalf("%d mails arrived, %d were sent", len(relay.mails), len(want))
	}
	for i := range want {
		if !bytes.Equal(relay.mails[i], want[i]) {
			t.Errorf("mail %d arrived changed", i)
		}
	}
}

func TestStrictPeerTakesChainedMails(t *testing.T) {
	relay, c := startStrictRelay(t)
	c.MaxConnections = 2
	pool := startPool(t, c)
	const n = 200
	errs := make(chan error, n)
	for i := range n {
		go func() {
			mail := testMail("ops@example.com", "nobody@example.com")
			mail.Data = [][]byte{fmt.Appendf(nil, "X-Number: %d\r\n\r\n.\r\n", i)}
			result, err := pool.Send(testContext(t), mail)
			if err == nil && (result.Accepted() != 1 || result.Recipients[1].Err == nil || result.Recipients[1].Err.Reply.EnhancedCode != "5.1.1") {
				err = fmt.Errorf("result %+v", result)
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for _, data := range relay.mails {
		seen[string(data)] = true
	}
	if len(relay.mails) != n || len(seen) != n {
		t.Errorf("%d mails arrived, %d of them different, want %d", len(relay.mails), len(seen), n)
	}
}
