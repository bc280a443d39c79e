package delivery

import (
	"bytes"
	"database/sql"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grafana/grafana-plugin-sdk-go/config"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// TestGrafanasPictureIsInTheMail, and one that somebody else's address names stays
// a link, which the log says.
func TestGrafanasPictureIsInTheMail(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	grafana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(picture.Bytes()) }))
	defer grafana.Close()
	ctx := config.WithGrafanaConfig(t.Context(), config.NewGrafanaCfg(map[string]string{config.AppURL: grafana.URL + "/"}))
	m := startMailing(t, nil)
	recipients, err := alert.Resolve(&alert.Overrides{}, &m.settings)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ address, part, note string }{
		{grafana.URL + "/public/img/attachments/a.png", "Content-Type: image/png", ""},
		{"https://images.example.com/a.png", "https://images.example.com/a.png", `"images.example.com" is neither Grafana's address nor named in image_hosts`},
		{grafana.URL + "/a.svg", "Content-Type: image/png", ""}, // by content, not by name
	} {
		n, err := alert.Decode(strings.NewReader(`{"groupKey":"` + tt.address + `","alerts":[{"status":"firing","labels":{"alertname":"CPU"},"imageURL":"` + tt.address + `"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.sender.Accept(ctx, n, recipients)
		if err != nil {
			t.Fatal(err)
		}
		mails := m.relay.Mails()
		if mail := strings.ReplaceAll(string(mails[len(mails)-1].Data), "=\r\n", ""); !strings.Contains(mail, tt.part) || strings.Contains(mail, "multipart/related") != (tt.note == "") {
			t.Errorf("%s: the mail is\n%s", tt.address, mail)
		}
		if !strings.Contains(got.Delivery.Note, tt.note) || (got.Delivery.Note == "") != (tt.note == "") {
			t.Errorf("%s: the note is %q", tt.address, got.Delivery.Note)
		}
	}
}

// TestMailOfTypeAuthCarriesNoPicture, as the service's API demands.
func TestMailOfTypeAuthCarriesNoPicture(t *testing.T) {
	asked := false
	grafana := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer grafana.Close()
	ctx := config.WithGrafanaConfig(t.Context(), config.NewGrafanaCfg(map[string]string{config.AppURL: grafana.URL + "/"}))
	m := startMailing(t, nil)
	recipients, err := alert.Resolve(&alert.Overrides{MailType: nhncloud.Auth}, &m.settings)
	if err != nil {
		t.Fatal(err)
	}
	n, err := alert.Decode(strings.NewReader(`{"groupKey":"cpu","alerts":[{"status":"firing","labels":{"alertname":"CPU"},"imageURL":"` + grafana.URL + `/a.png"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.sender.Accept(ctx, n, recipients); err != nil {
		t.Fatal(err)
	}
	if mail := strings.ReplaceAll(string(m.relay.Mails()[0].Data), "=\r\n", ""); asked || !strings.Contains(mail, grafana.URL+"/a.png") {
		t.Errorf("the picture was fetched: %v; the mail is\n%.3000s", asked, mail)
	}
}

// TestMailGoesWithoutPicturesForWhichTheOutboxHasNoRoom: they take a hundred times
// what an alert takes, which must not be refused for them.
func TestMailGoesWithoutPicturesForWhichTheOutboxHasNoRoom(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	picture.Write(make([]byte, 1<<20))
	grafana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(picture.Bytes()) }))
	defer grafana.Close()
	ctx := config.WithGrafanaConfig(t.Context(), config.NewGrafanaCfg(map[string]string{config.AppURL: grafana.URL + "/"}))
	m := startMailing(t, nil)
	waits := newMail(1)
	waits.Source, waits.Message = "2/other", make([]byte, 66_000_000) // of 64 MiB
	if _, err := m.outbox(t).Enqueue(ctx, waits); err != nil {
		t.Fatal(err)
	}
	recipients, err := alert.Resolve(&alert.Overrides{}, &m.settings)
	if err != nil {
		t.Fatal(err)
	}
	n, err := alert.Decode(strings.NewReader(`{"groupKey":"cpu","alerts":[{"status":"firing","labels":{"alertname":"CPU"},"imageURL":"` + grafana.URL + `/a.png"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.sender.Accept(ctx, n, recipients)
	if err != nil || got.Delivery.Status != outbox.Sent || !strings.Contains(got.Delivery.Note, "linked, not embedded: the outbox is full") {
		t.Fatalf("%+v, %v", got, err)
	}
	if mail := strings.ReplaceAll(string(m.relay.Mails()[0].Data), "=\r\n", ""); !strings.Contains(mail, grafana.URL+"/a.png") {
		t.Errorf("the mail has no link to the picture:\n%.3000s", mail)
	}
}

// TestAMailHasItsTurnUntilItIsStored: eight with pictures are in memory at most, also while
// the outbox takes its time. Others go without, and wait for nothing.
func TestAMailHasItsTurnUntilItIsStored(t *testing.T) {
	const turns = 8
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	fetched := make(chan struct{}, 2*turns)
	grafana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(picture.Bytes())
		fetched <- struct{}{}
	}))
	defer grafana.Close()
	ctx := config.WithGrafanaConfig(t.Context(), config.NewGrafanaCfg(map[string]string{config.AppURL: grafana.URL + "/"}))
	file := filepath.Join(t.TempDir(), "outbox.db")
	m := startMailingAt(t, fileURL(filepath.ToSlash(file)), nil)
	m.outbox(t) // is there
	unlock := lockFile(t, file)
	notes := make(chan string, turns+1)
	mail := func(i int) {
		recipients, err := alert.Resolve(&alert.Overrides{}, &m.settings)
		if err != nil {
			t.Error(err)
		}
		n, err := alert.Decode(strings.NewReader(fmt.Sprintf(`{"groupKey":"%d","alerts":[{"status":"firing","labels":{"alertname":"CPU"},"imageURL":"%s/a.png"}]}`, i, grafana.URL)))
		if err != nil {
			t.Error(err)
		}
		got, err := m.sender.Accept(ctx, n, recipients)
		if err != nil {
			t.Error(err)
			notes <- err.Error()
			return
		}
		notes <- got.Delivery.Note
	}
	for i := range turns {
		go mail(i)
	}
	for range turns {
		<-fetched
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(pictures)
	pictures.WithLabelValues("linked").Add(0)
	linked := func() float64 { return metricOf(t, registry, "nhncloud_email_pictures_total{linked}") }
	before := linked()
	go mail(turns)
	wait.Until(t, "the ninth is made", func() bool { return linked() > before || len(fetched) > 0 })
	unlock()
	without := 0
	for range turns + 1 {
		if note := <-notes; strings.Contains(note, "eight mails") {
			without++
		} else if note != "" {
			t.Error(note)
		}
	}
	if without != 1 || len(fetched) > 0 {
		t.Errorf("%d mails have no picture", without)
	}
}

// lockFile keeps others from writing to a database until unlock is called.
func lockFile(t *testing.T, file string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := db.Exec("ROLLBACK"); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	}
}
