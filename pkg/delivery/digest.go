package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// recipe is what the mail of a digest is made with, besides its notes and the settings of
// the profile when it is sent: what the notification said that opened its window.
type recipe struct {
	Profile    string `json:"profile,omitempty"` // one that is gone is the data source
	Language   string `json:"language"`
	Timezone   string `json:"timezone"`
	MaxPerHour int    `json:"maxPerHour,omitempty"`
	Clock      string `json:"clock,omitempty"`
}

// brake says when a digest tells recipients of a notification.
func (s *Sender) brake(n *alert.Notification, r *alert.Recipients, now time.Time) *outbox.Brake {
	set := r.Settings
	b := &outbox.Brake{Key: set.ProfileName, Max: set.MaxPerRecipient, Exempt: exempt(n, set.BrakeExempt)}
	with := recipe{Profile: set.ProfileName, Language: r.Language, Timezone: r.Location.String(), MaxPerHour: b.Max}
	if at := set.Digest; at != nil {
		b.Until = nextAt(now, at.Hour, at.Minute, at.Days, set.Location)
		with.MaxPerHour, with.Clock = 0, at.String()
	}
	b.Note = sync.OnceValue(func() []byte { return message.NewNote(n, now) })
	b.Digest = outbox.Delivery{From: set.From.Mailbox(), Subject: message.DigestSubject(r.Language), Message: with.encoded()}
	return b
}

// exempt says whether an alert has one of the severities, be it over or not.
func exempt(n *alert.Notification, severities []string) bool {
	for kind := range n.Dropped {
		if alert.SeverityAmong(kind.Severity, severities) {
			return true
		}
	}
	return slices.ContainsFunc(n.Alerts, func(a alert.Alert) bool { return alert.SeverityAmong(a.Labels.Severity(), severities) })
}

func (r recipe) encoded() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return b
}

// nextAt returns the first time after now that clocks of the location show as hour and
// minute on one of the days; none is every day. Where they skip that time, it is an hour
// off, and where they show it twice, one of the two.
func nextAt(now time.Time, hour, minute int, days []time.Weekday, location *time.Location) time.Time {
	now = now.In(location)
	for ahead := 0; ; ahead++ {
		at := time.Date(now.Year(), now.Month(), now.Day()+ahead, hour, minute, 0, 0, location)
		day := time.Date(now.Year(), now.Month(), now.Day()+ahead, 12, 0, 0, 0, location).Weekday()
		if at.After(now) && (len(days) == 0 || slices.Contains(days, day)) {
			return at
		}
	}
}

// makeDigest gives a digest its mail, which is made of its notes and the same in every
// attempt, and returns the subject.
func (s *Sender) makeDigest(ctx context.Context, d *outbox.Delivery) (subject string, err error) {
	s.service.digests.Lock()
	defer s.service.digests.Unlock()
	box, err := s.service.Outbox(ctx)
	if err != nil {
		return "", err
	}
	var told message.Digest
	if err := box.Notes(ctx, *d, told.Add); err != nil { // they are read again
		return "", &failure.Error{Code: failure.Internal, Stage: smtp.StageQueue, Err: err}
	}
	content, err := s.composeDigest(d, &told)
	if err != nil { // settings are wrong, which may be mended while it is tried
		return "", &failure.Error{Code: failure.Internal, Stage: smtp.StageQueue, Err: fmt.Errorf("the digest cannot be made: %w", err)}
	}
	return content.Subject, nil
}

// composeDigest gives a digest its mail.
func (s *Sender) composeDigest(d *outbox.Delivery, told *message.Digest) (message.Content, error) {
	var with recipe
	if err := json.Unmarshal(d.Message, &with); err != nil {
		return message.Content{}, err
	}
	profile, _ := s.settings.Profile(with.Profile)
	set := *profile
	set.SubjectTemplate, set.TextTemplate, set.HTMLTemplate = "", "", "" // which are for one notification
	if location, err := time.LoadLocation(with.Timezone); err == nil {
		set.Location = location
	}
	to, err := address.Parse(d.Recipients[0].Address)
	if err != nil {
		return message.Content{}, err
	}
	from, err := address.Parse(d.From) // that of the envelope, also if the settings have another by now
	if err != nil {
		return message.Content{}, err
	}
	from.Name = set.From.Name
	set.From = from
	mailType := nhncloud.MailType(d.MailType)
	renderer, err := newRenderer(&set, with.Language, mailType)
	if err != nil {
		return message.Content{}, err
	}
	content := renderer.RenderDigest(told, message.Window{Opened: d.CreatedAt, End: d.ClosesAt, MaxPerHour: with.MaxPerHour, Clock: with.Clock})
	h := message.Header{
		From: set.From, ReplyTo: set.ReplyTo, Fields: set.Headers, To: []address.Address{to}, Mode: settings.Single,
		MessageID: d.MessageID, Date: d.ClosesAt.In(set.Location),
	}
	if mailType == nhncloud.Ad {
		h.Unsubscribe = &set.Advertiser.Unsubscribe
	}
	d.Message, err = message.Compose(h, content)
	return content, err
}
