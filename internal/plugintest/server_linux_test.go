package plugintest_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// server is a mail server from Debian's packages, set up like the service: its
// name, STARTTLS and a TLS wrapper port, PLAIN and LOGIN, and users with #type.
type server struct {
	folder string           // of its own, which others may enter
	ports  [2]int           // STARTTLS, TLS wrapper
	cert   []byte           // PEM: its own authority
	form   *relaytest.Relay // never reached: a data source is made after it
}

// serverAddress is nobody else's: the ports that newServer finds stay free until
// the server listens on them.
const serverAddress = "127.0.0.2"

// serverUsers are whom it knows; the password is that of the canary.
func serverUsers() (users []string) {
	for _, mailType := range append(nhncloud.MailTypes(), nhncloud.Unset) {
		users = append(users, nhncloud.UserName("AppKey", mailType))
	}
	return users
}

func newServer(t *testing.T) *server {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("mail servers start as root: run this test as root, in a container for one")
	}
	folder, err := os.MkdirTemp("", "nhncloud-email-server-") // not t.TempDir(), which other users cannot enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, log := range []string{"log", "dovecot.log", "main.log", "panic.log"} {
				if text, err := os.ReadFile(filepath.Join(folder, log)); err == nil {
					t.Logf("%s:\n%s", log, text[max(0, len(text)-4000):])
				}
			}
		}
		_ = os.RemoveAll(folder)
	})
	s := &server{folder: folder, form: relay(t, relaytest.Options{})}
	s.must(t, os.Chmod(folder, 0o755))
	for i := range s.ports {
		l, err := net.Listen("tcp", serverAddress+":0")
		if err != nil {
			t.Fatal(err)
		}
		s.ports[i] = l.Addr().(*net.TCPAddr).Port
		defer func() { _ = l.Close() }() // for the server to listen on
	}
	s.certificate(t)
	return s
}

func (s *server) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *server) certificate(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: nhncloud.Host}, DNSNames: []string{nhncloud.Host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	s.must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	s.must(t, err)
	s.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.file(t, "cert.pem", string(s.cert))
	s.file(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// file writes a file in which $DIR, $ADDRESS, $STARTTLS, $WRAPPER and $HOST stand for what
// they are called.
func (s *server) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.folder, name)
	s.must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	text = strings.NewReplacer("$DIR", s.folder, "$ADDRESS", serverAddress, "$STARTTLS", fmt.Sprint(s.ports[0]), "$WRAPPER", fmt.Sprint(s.ports[1]), "$HOST", nhncloud.Host).Replace(text)
	s.must(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// run starts a program that stays in the foreground and is ended with its test.
func (s *server) run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is ended below
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its children, if any are left
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), said.String())
		}
	})
}

// listens waits until both ports answer.
func (s *server) listens(t *testing.T) {
	t.Helper()
	for _, port := range s.ports {
		await(t, func() bool {
			conn, err := net.Dial("tcp", net.JoinHostPort(serverAddress, strconv.Itoa(port)))
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		})
	}
}

func (s *server) dataSource(mode nhncloud.PortMode, override map[string]any) plugintest.DataSource {
	port := s.ports[0]
	if mode == nhncloud.TLSWrapper {
		port = s.ports[1]
	}
	settings := map[string]any{"host": serverAddress, "port": port, "serverName": nhncloud.Host}
	for key, value := range override {
		settings[key] = value
	}
	ds := plugintest.ForRelay(s.form, mode, settings)
	ds.Secrets["secretKey"], ds.Secrets["tlsCACert"] = canarySecretKey, string(s.cert)
	return ds
}

// stored reads the mails in the Maildir.
func (s *server) stored(t *testing.T) (mails []*mail.Message) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.folder, "mail", "inbox", "new", "*"))
	s.must(t, err)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		s.must(t, err)
		m, err := mail.ReadMessage(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		mails = append(mails, m)
	}
	return mails
}

// takesMail is what every server is asked to do.
func (s *server) takesMail(t *testing.T) {
	p := start(t, "", nil)
	ids := make(map[string]string) // the user, by Message-ID
	n := 0
	post := func(t *testing.T, ds plugintest.DataSource, want int) map[string]any {
		t.Helper()
		n++
		answer := call(t, p, ds, plugintest.Signed("alerts", another(t, n)))
		if answer.Status != want {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		return object(t, answer.Body)
	}
	ad := map[string]any{"adSenderName": "Example", "adSenderAddress": "1 Example Road", "unsubscribeUrl": "https://example.com/u"}
	for _, mode := range modes {
		for _, mechanism := range []string{"plain", "login", "auto"} {
			for _, mailType := range append(nhncloud.MailTypes(), nhncloud.Unset) {
				t.Run(fmt.Sprintf("%s/%s/%s", mode, mechanism, mailType), func(t *testing.T) {
					override := map[string]any{"authMechanism": mechanism, "mailType": string(mailType)}
					for key, value := range ad {
						override[key] = value
					}
					ds := s.dataSource(mode, override)
					ds.UID = t.Name()
					health, err := p.CheckHealth(within(t), ds)
					if err != nil || health.Status.String() != "OK" {
						t.Fatal(err, health.Message, string(health.JSONDetails))
					}
					ids["<"+post(t, ds, 200)["messageId"].(string)+">"] = nhncloud.UserName("AppKey", mailType)
				})
			}
		}
	}
	t.Run("a storm", func(t *testing.T) {
		ds := s.dataSource(nhncloud.STARTTLS, nil)
		ds.UID = t.Name()
		var storm sync.WaitGroup
		var mu sync.Mutex
		for i := range 100 {
			body := another(t, 1000+i)
			storm.Go(func() {
				answer, err := p.Call(t.Context(), ds, plugintest.Signed("alerts", body))
				if err != nil || answer.Status != 200 {
					t.Errorf("%v %d %s", err, answer.Status, answer.Body)
					return
				}
				_, rest, _ := bytes.Cut(answer.Body, []byte(`"messageId":"`))
				id, _, _ := bytes.Cut(rest, []byte(`"`))
				mu.Lock()
				defer mu.Unlock()
				ids["<"+string(id)+">"] = "AppKey"
			})
		}
		storm.Wait()
	})
	t.Run("every fixture", func(t *testing.T) {
		ds := s.dataSource(nhncloud.TLSWrapper, nil)
		ds.UID = t.Name()
		for _, path := range fixtures(t) {
			body, err := os.ReadFile(path)
			s.must(t, err)
			answer := call(t, p, ds, plugintest.Signed("alerts", body))
			if answer.Status != 200 {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			ids["<"+object(t, answer.Body)["messageId"].(string)+">"] = "AppKey"
		}
	})
	t.Run("a recipient that is refused", func(t *testing.T) {
		ds := s.dataSource(nhncloud.STARTTLS, map[string]any{"to": []string{"oncall@example.com", "gone@example.com"}})
		ds.UID = t.Name()
		got := post(t, ds, 200)
		rejected, _ := got["rejected"].([]any)
		if len(rejected) != 1 || rejected[0].(map[string]any)["code"] != 550.0 || rejected[0].(map[string]any)["address"] != "gone@example.com" {
			t.Errorf("%v", got)
		}
		ids["<"+got["messageId"].(string)+">"] = "AppKey"
	})
	t.Run("a wrong SecretKey", func(t *testing.T) {
		for _, mechanism := range []string{"plain", "login"} {
			ds := s.dataSource(nhncloud.STARTTLS, map[string]any{"authMechanism": mechanism})
			ds.UID = t.Name() + mechanism
			ds.Secrets["secretKey"] = "WrongKey"
			if got := post(t, ds, 502); got["status"] != "held" || !strings.Contains(got["error"].(string), "535") {
				t.Errorf("%v", got)
			}
		}
	})
	t.Run("another name", func(t *testing.T) {
		ds := s.dataSource(nhncloud.STARTTLS, map[string]any{"serverName": "mail.example.com"})
		ds.UID = t.Name()
		if got := post(t, ds, 502); got["status"] != "held" {
			t.Errorf("%v", got)
		}
	})

	await(t, func() bool { return len(s.stored(t)) >= len(ids) })
	mails := s.stored(t)
	if len(mails) != len(ids) {
		t.Errorf("%d mails, want %d", len(mails), len(ids))
	}
	for _, m := range mails {
		user, known := ids[m.Header.Get("Message-Id")]
		if !known {
			t.Errorf("the mail %s is nobody's", m.Header.Get("Message-Id"))
		}
		received := strings.Join(m.Header["Received"], "\n")
		if !strings.Contains(strings.ToUpper(received), "ESMTPSA") || !strings.Contains(received, "(Authenticated sender: "+user+")") {
			t.Fatalf("not by authenticated TLS, or not as %s: %s", user, received)
		}
	}
}
