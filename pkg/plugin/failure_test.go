package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// TestAnAnswerThatIsNoSuccessBeginsWithItsReason: since 13.1 Grafana shows the
// first 1,024 octets of the answer to a contact point, and nothing before that.
func TestAnAnswerThatIsNoSuccessBeginsWithItsReason(t *testing.T) {
	const shown = 1024
	relay, err := relaytest.Start(relaytest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(relay.Stop)
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Action: relaytest.Reply("550 5.1.1 " + strings.Repeat("no such user ", 30) + "\r\n")})
	d := instance(t, func(s *backend.DataSourceInstanceSettings) { sendThrough(t, s, relay) })

	recipients := make([]string, 50)
	for i := range recipients {
		recipients[i] = fmt.Sprintf("person%d@example.com", i)
	}
	const alert = `{"alerts":[{"status":"firing","labels":{"alertname":"Disk full"}}]}`
	tests := []struct {
		name, role, query, body string
		status                  int
		reason                  string
	}{
		{"a role that may not send", "Viewer", "", alert, http.StatusForbidden, "the role"},
		{"a body that is no notification", "Editor", "?to=a@example.com", "{}", http.StatusUnprocessableEntity, "the notification has no alerts"},
		{"a mail that the relay refuses to many recipients", "Editor", "?to=" + strings.Join(recipients, ","), alert, http.StatusBadGateway, "the mail was not delivered: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ask(t, d, tt.role, backend.CallResourceRequest{Method: http.MethodPost, Path: "alerts", URL: "alerts" + tt.query, Body: []byte(tt.body)})
			var reason string
			if rest, ok := strings.CutPrefix(string(got.Body), `{"error":`); ok {
				decoder := json.NewDecoder(strings.NewReader(rest[:min(len(rest), shown-len(`{"error":`))]))
				if err := decoder.Decode(&reason); err != nil {
					t.Errorf("the reason does not end within %d octets: %v", shown, err)
				}
			}
			if got.Status != tt.status || !strings.HasPrefix(reason, tt.reason) {
				t.Errorf("%d %.200s", got.Status, got.Body)
			}
		})
	}
}

// TestAnswersAndQueriesClassifyAlike: what fails has one code and one status, whoever
// asks, and a query's is downstream of the plugin unless the plugin is at fault.
func TestAnswersAndQueriesClassifyAlike(t *testing.T) {
	storage := &outbox.StorageError{Location: "/outbox.db", Doing: "reading", Err: io.ErrUnexpectedEOF, Remedy: "make room"}
	dial := &failure.Error{Code: failure.Timeout, Stage: smtp.StageDial, Err: fmt.Errorf("no connection: %w", context.DeadlineExceeded), Hint: failure.Port25.With()}
	for _, tt := range []struct {
		name    string
		err     error
		code    failure.Code
		status  int
		message string
		hint    string
	}{
		{"a relay that does not answer, for all that a context's time is up", dial, failure.Timeout, 502, "dial: no connection: context deadline exceeded", "port 25"},
		{"a request whose time is up", fmt.Errorf("waiting: %w", context.DeadlineExceeded), failure.Unavailable, 503, "waiting: ", "Ask again"},
		{"a plugin that stops", outbox.ErrClosed, failure.Unavailable, 503, "closed", "Ask again"},
		{"the outbox", storage, failure.Outbox, 503, "outbox /outbox.db: reading: unexpected EOF", "Make room."},
		{"an outbox that is full", &outbox.FullError{Queued: 1}, failure.OutboxFull, 503, "full", "Save & test"},
		{"no such delivery", outbox.ErrNotFound, failure.NotFound, 404, "no such delivery", "retention"},
		{"a query", badParameter("limit is %d", -1), failure.Parameter, 400, "limit is -1", "Correct"},
		{"the plugin itself", errors.New("a fault"), failure.Internal, 500, "a fault", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := failureOf(tt.err)
			if f.Code != tt.code || f.HTTPStatus() != tt.status || !strings.Contains(f.Message, tt.message) || !strings.Contains(f.English, tt.hint) {
				t.Errorf("%d %s %q %q", f.HTTPStatus(), f.Code, f.Message, f.English)
			}
			got := failed("Admin", tt.err)
			want := backend.ErrorSourceDownstream
			if tt.code == failure.Internal {
				want = backend.ErrorSourcePlugin
			}
			if int(got.Status) != tt.status || got.ErrorSource != want || backend.IsDownstreamError(got.Error) != (want == backend.ErrorSourceDownstream) {
				t.Errorf("%d %s %v", got.Status, got.ErrorSource, got.Error)
			}
			if id := hintOf(got); id != f.ID {
				t.Errorf("the page is told the hint %q, not %q", id, f.ID)
			}
			if text := got.Error.Error(); !strings.Contains(text, tt.message) || !strings.Contains(text, tt.hint) || strings.Count(strings.ToLower(text), "make room") > 1 {
				t.Errorf("%q", text)
			}
		})
	}
}

// hintOf returns the id of the hint that the page replaces in the error of a query.
func hintOf(r backend.DataResponse) failure.ID {
	for _, frame := range r.Frames {
		if told, ok := frame.Meta.Custom.(sentences); ok {
			return told.Hints[0].ID
		}
	}
	return ""
}

// TestWhatThePageIsToldHasItsHintByID: it has the hint in the language of its user.
func TestWhatThePageIsToldHasItsHintByID(t *testing.T) {
	d := instance(t, nil)
	for _, tt := range []struct {
		name, role, path, body string
		id                     failure.ID
		args                   map[string]string
	}{
		{"a recipient who is not allowed", "Editor", "test", `{"to":"stranger@example.net"}`, failure.AllowRecipient, map[string]string{"pattern": "@example.net"}},
		{"no address", "Editor", "test", `{"to":"stranger"}`, failure.AddressForm, nil},
		{"a role", "Viewer", "test", "", failure.NeedsEditor, nil},
		{"settings", "Editor", "preview", `{"settings":{"portMode":"ssl"}}`, failure.CorrectSettings, nil},
		{"no secret", "Editor", "key", "", failure.SaveSecret, nil},
		{"no such delivery", "Editor", "deliveries/x/retry", "", failure.Gone, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ask(t, d, tt.role, postTo(tt.path, tt.body))
			var told failure.Error
			if err := json.Unmarshal(got.Body, &told); err != nil || told.ID != tt.id || !maps.Equal(told.Args, tt.args) || told.English == "" {
				t.Errorf("%d %s, want the hint %s", got.Status, got.Body, tt.id)
			}
		})
	}
}
