package delivery

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// TestWhatAFailureMeansForTheMail is the retry decision for every class of
// failure, at a stage that concerns all recipients and for one recipient of
// two. That each reply at each stage has its class is tested in package smtp.
func TestWhatAFailureMeansForTheMail(t *testing.T) {
	const later, final = outbox.Queued, outbox.Failed
	for _, tt := range []struct {
		class   failure.Code
		status  outbox.Status  // of a recipient that has this failure
		verdict outbox.Verdict // for the delivery, when all have
		label   string
	}{
		{failure.Transient, later, 0, "transient"},
		{failure.Permanent, final, 0, "permanent"},
		{failure.Closing, later, 0, "closing"},
		{failure.Network, later, 0, "network"},
		{failure.Timeout, later, 0, "timeout"},
		{failure.Protocol, later, 0, "protocol"},
		{failure.TLS, later, outbox.Hold, "tls"},
		{failure.Refused, later, outbox.Hold, "refused"},
		{failure.Local, final, 0, "local"},
		{failure.Cancelled, later, outbox.Release, "cancelled"},
	} {
		t.Run(string(tt.class), func(t *testing.T) {
			failed := &smtp.Error{Code: tt.class, Stage: smtp.StageMail, Reply: smtp.Reply{Code: 451, EnhancedCode: "4.3.0", Text: "the relay's words"}, Hint: failure.Sender.With()}
			both := smtp.Result{Recipients: []smtp.RecipientResult{{Address: "a@example.com", Err: failed}, {Address: "b@example.com", Err: failed}}}
			got := outcomeOf(both, failed)
			if got.Verdict != tt.verdict || got.Code != 451 || got.EnhancedCode != "4.3.0" || got.Text != "the relay's words" || got.Stage != "mail" {
				t.Errorf("%+v", got)
			}
			if got.Reason != "mail: 451 4.3.0 the relay's words. Check fromAddress: the relay accepts no mail from this sender. Its domain may not be verified in the NHN Cloud console, or may be protected by another project." {
				t.Errorf("reason %q", got.Reason)
			}
			for _, r := range got.Results {
				if r.Status != tt.status || r.Text != "the relay's words" {
					t.Errorf("%+v, want %s", r, tt.status)
				}
			}
			if label := attemptLabel(got, failed); label != tt.label {
				t.Errorf("label %q", label)
			}

			one := both
			one.Recipients[0].Err = nil
			one.Reply = smtp.Reply{Code: 250, EnhancedCode: "2.0.0", Text: "taken"}
			got = outcomeOf(one, nil)
			if got.Reason != "mail: 451 4.3.0 the relay's words. Check fromAddress: the relay accepts no mail from this sender. Its domain may not be verified in the NHN Cloud console, or may be protected by another project." {
				t.Errorf("of the one that does not have it: reason %q", got.Reason)
			}
			if got.Results[0].Status != outbox.Sent || got.Results[0].Text != "taken" || got.Results[1].Status != tt.status {
				t.Errorf("%+v", got.Results)
			}
			if got.Stage != "content" || got.Code != 250 || got.Text != "taken" {
				t.Errorf("of those who have it: %+v", got)
			}
			if got.Verdict == outbox.Release {
				t.Error("a mail that somebody has is released as if it had not been tried")
			}
		})
	}
	t.Run("a relay that is unreachable", func(t *testing.T) {
		failed := &smtp.Error{Code: failure.Network, Stage: smtp.StageDial, Err: io.EOF}
		if got := outcomeOf(smtp.Result{Recipients: []smtp.RecipientResult{{Address: "a@example.com", Err: failed}}}, failed); !got.Unreachable {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a connection that is lost under a mail", func(t *testing.T) {
		for failed, want := range map[*smtp.Error]bool{
			{Code: failure.Network, Stage: smtp.StageMail, Err: io.EOF}:                     true,
			{Code: failure.Network, Stage: smtp.StageContent, Ambiguous: true, Err: io.EOF}: false, // it says that much of the mail
			{Code: failure.Timeout, Stage: smtp.StageData, Err: os.ErrDeadlineExceeded}:     false, // so may the mail be the reason
			{Code: failure.Transient, Stage: smtp.StageMail, Reply: smtp.Reply{Code: 451}}:  false,
		} {
			if got := outcomeOf(smtp.Result{Recipients: []smtp.RecipientResult{{Address: "a@example.com", Err: failed}}}, failed); got.Unreachable != want {
				t.Errorf("%v: unreachable %t", failed, got.Unreachable)
			}
		}
	})
	t.Run("a data source that closes", func(t *testing.T) {
		if got := outcomeOf(smtp.Result{}, smtp.ErrClosed); got.Verdict != outbox.Release {
			t.Errorf("%+v", got)
		}
	})
	t.Run("cancelled after the final dot", func(t *testing.T) {
		failed := &smtp.Error{Code: failure.Cancelled, Stage: smtp.StageContent, Ambiguous: true, Err: context.Canceled}
		got := outcomeOf(smtp.Result{Recipients: []smtp.RecipientResult{{Address: "a@example.com", Err: failed}}}, failed)
		if !got.Ambiguous || !got.Results[0].Ambiguous {
			t.Errorf("that the relay may have the mail is not told: %+v", got)
		}
		if got.Verdict == outbox.Release || got.Results[0].Status != outbox.Queued {
			t.Errorf("an attempt that may have delivered the mail is not counted: %+v", got)
		}
	})
	t.Run("ambiguous for one of two", func(t *testing.T) {
		unheard := &smtp.Error{Code: failure.Network, Stage: smtp.StageContent, Ambiguous: true, Err: io.EOF}
		got := outcomeOf(smtp.Result{Recipients: []smtp.RecipientResult{{Address: "a@example.com"}, {Address: "b@example.com", Err: unheard}}}, nil)
		if !got.Ambiguous || got.Results[0].Ambiguous || !got.Results[1].Ambiguous {
			t.Errorf("%+v", got)
		}
	})
	t.Run("the sender, among other failures", func(t *testing.T) {
		nobody, refused := &smtp.Error{Code: failure.Permanent, Reply: smtp.Reply{Code: 550}}, &smtp.Error{Code: failure.Refused, Reply: smtp.Reply{Code: 530}}
		got := outcomeOf(smtp.Result{Recipients: []smtp.RecipientResult{{Address: "a@example.com"}, {Address: "b@example.com", Err: nobody}, {Address: "c@example.com", Err: refused}}}, nil)
		if got.Verdict != outbox.Hold {
			t.Errorf("the sender is not paused: %+v", got)
		}
	})
	t.Run("not the relay's", func(t *testing.T) {
		got := outcomeOf(smtp.Result{}, errors.New("the mail cannot be read"))
		if got.Rest == nil || got.Rest.Status != outbox.Queued || got.Text != "the mail cannot be read" {
			t.Errorf("%+v", got)
		}
	})
}

func TestIndividualMailToAnAddressThatCannotBeReadIsNotSent(t *testing.T) {
	s := &Sender{log: hclog.NewNullLogger(), pools: map[nhncloud.MailType]*smtp.Pool{}}
	out := s.Deliver(t.Context(), outbox.Job{Delivery: outbox.Delivery{
		ID: "x", MessageID: "x@example.com", From: "a@example.com", Individual: true, Message: []byte("Subject: x\r\n\r\nx"),
		Recipients: []outbox.Recipient{{Address: "nobody", Status: outbox.Queued}},
	}})
	for _, p := range s.pools {
		_ = p.Close(t.Context())
	}
	if len(out.Results) != 1 || out.Results[0].Status != outbox.Failed {
		t.Errorf("%+v", out.Results)
	}
}

// TestIndividualMailThatEverybodyHasIsSent: its process died when it had stored
// who has the mail, and not yet the outcome.
func TestIndividualMailThatEverybodyHasIsSent(t *testing.T) {
	s := &Sender{log: hclog.NewNullLogger(), pools: map[nhncloud.MailType]*smtp.Pool{}}
	out := s.Deliver(t.Context(), outbox.Job{Delivery: outbox.Delivery{
		ID: "x", MessageID: "x@example.com", From: "a@example.com", Individual: true, Message: []byte("Subject: x\r\n\r\nx"),
		Recipients: []outbox.Recipient{{Address: "b@example.com", Status: outbox.Sent}},
	}})
	for _, p := range s.pools {
		_ = p.Close(t.Context())
	}
	if out.Verdict != outbox.Settle || out.Rest != nil {
		t.Errorf("%+v", out)
	}
}

func TestSettingsReachTheRelay(t *testing.T) {
	c := relayConfig(&settings.Settings{
		Host: "relay.example.com", Port: 2587, PortMode: nhncloud.STARTTLS, AuthMechanism: settings.AuthLogin, ServerName: "name.example.com",
		EHLOName: "client.example.com", MaxConnections: 7, Timeout: 3 * time.Second, MessagesPerMinute: 11, MessagesPerConnection: 23, SecretKey: settings.NewSecret("x"),
	}, nhncloud.Normal, nil)
	if c.Host != "relay.example.com" || c.Port != 2587 || c.Mode != nhncloud.STARTTLS || c.Mechanism != settings.AuthLogin || c.TLS.ServerName != "name.example.com" ||
		c.EHLOName != "client.example.com" || c.MaxConnections != 7 || c.Timeout != 3*time.Second || c.MessagesPerMinute != 11 || c.MessagesPerConnection != 23 || c.Password != "x" {
		t.Errorf("%+v", c)
	}
}

func TestKeysOfGrafanaIniThatCannotBeReadAreNamed(t *testing.T) {
	for env, values := range map[string][]string{
		"GF_PLUGIN_RETENTION":        {"0s", "-1h", "30 days"},
		"GF_PLUGIN_OUTBOX_MAX_MAILS": {"0", "-1", "many"},
		"GF_PLUGIN_OUTBOX_MAX_BYTES": {"0", "-1", "1 GiB"},
	} {
		for _, value := range values {
			c := ConfigFromEnv(func(key string) string { return map[string]string{env: value}[key] }, "")
			if key := strings.ToLower(strings.TrimPrefix(env, "GF_PLUGIN_")); c.err == nil || !strings.Contains(c.err.Error(), key) {
				t.Errorf("%s of %q: %v", key, value, c.err)
			}
		}
	}
}

// TestOnlyTheDefaultOutboxGivesWayToMemory: who says where mail is to be kept is
// told that it cannot be.
func TestOnlyTheDefaultOutboxGivesWayToMemory(t *testing.T) {
	broken := t.TempDir()
	for name, c := range map[string]Config{
		"an explicit one that cannot be written": {url: "sqlite:///sys/nowhere/outbox.db"},
		"a default one that is broken":           {url: "sqlite://" + broken, file: broken},
	} {
		s := &Service{config: c, log: hclog.NewNullLogger()}
		box, _, err := s.open(t.Context())
		if err == nil {
			t.Errorf("%s became %+v", name, box.Describe())
			_ = box.Close(t.Context())
		}
	}
}

func TestOutboxInMemorySaysSo(t *testing.T) {
	s := &Service{config: Config{url: inMemory}, log: hclog.NewNullLogger()}
	box, notice, err := s.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(notice, "lost when Grafana stops") {
		t.Errorf("notice %q", notice)
	}
	if err := box.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOrganizationsShareNoConversation(t *testing.T) {
	thread := func(org int64) string {
		return header(&alert.Notification{ExternalURL: "https://grafana.example.com/", GroupKey: `{}:{alertname="CPU"}`, OrgID: org}, &alert.Recipients{Settings: new(settings.Settings), Location: time.UTC}, "x@example.com").Thread
	}
	if thread(1) == thread(2) {
		t.Errorf("both are in %q", thread(1))
	}
}
