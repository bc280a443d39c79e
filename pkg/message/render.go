package message

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// Options say how mails are to read.
type Options struct {
	Language string         // one of settings.Languages
	Location *time.Location // nil: UTC
	MailType nhncloud.MailType
	// Advertiser, with the address the mail is from, is required for mail type
	// ad, and unused otherwise.
	Advertiser settings.Advertiser
	From       address.Address
	// StableSubject leaves state and counts out of the built-in subject, so
	// that readers which thread by subject keep a group in one conversation.
	StableSubject bool

	// Templates of the user's; empty: built in. See docs/templates.md.
	SubjectTemplate string
	TextTemplate    string
	HTMLTemplate    string
}

// Renderer renders notifications; it is safe for concurrent use.
type Renderer struct {
	options             Options
	words               *words
	subject, text, html *userTemplate // nil: built in
}

// NewRenderer checks the options. A template that does not parse, or fails on a
// sample notification, is refused with a *TemplateError.
func NewRenderer(o Options) (*Renderer, error) {
	r := &Renderer{options: o, words: languages[o.Language]}
	if r.words == nil {
		return nil, fmt.Errorf("language is %q; it must be %s", o.Language, strings.Join(settings.Languages(), ", "))
	}
	if o.Location == nil {
		r.options.Location = time.UTC
	}
	if o.MailType == nhncloud.Ad {
		if err := checkAdvertiser(o.Advertiser); err != nil {
			return nil, err
		}
	}
	for _, t := range []struct {
		name, source string
		html         bool
		into         **userTemplate
	}{
		{"subjectTemplate", o.SubjectTemplate, false, &r.subject},
		{"textTemplate", o.TextTemplate, false, &r.text},
		{"htmlTemplate", o.HTMLTemplate, true, &r.html},
	} {
		if t.source == "" {
			continue
		}
		parsed, err := newUserTemplate(t.name, t.source, t.html)
		if err != nil {
			return nil, err
		}
		*t.into = parsed
	}
	return r, r.try()
}

// Render says what the notification says, as of now. A template of the user's
// that fails, or is not done when ctx ends, is replaced by the built-in mail,
// which takes any notification, and named in Content.Warnings: an alert must go
// out.
func (r *Renderer) Render(ctx context.Context, n *alert.Notification, now time.Time) Content {
	ctx, cancel := context.WithTimeout(ctx, maxTemplatesTime)
	defer cancel()
	m := newModel(n, r.words, r.options.Location, now)
	c := Content{Priority: m.priority()}

	m.Subject = cut(m.Title, MaxSubject)
	if m.Subject == "" {
		m.Subject = cut(oneLine(m.subject(r.words, r.options.StableSubject)), MaxSubject)
	}
	subject := m.Subject
	if s, ok := r.subject.run(ctx, m, &c.Warnings); ok {
		subject = s
	}
	c.Subject = finishSubject(subject, r.options.MailType)

	v := newView(m, r.words, r.options)
	var ok bool
	if c.Text, ok = r.text.run(ctx, m, &c.Warnings); ok {
		c.Text = textWithNotice(c.Text, m.Notice)
	} else {
		c.Text = v.text()
	}
	if c.HTML, ok = r.html.run(ctx, m, &c.Warnings); ok {
		c.HTML = htmlWithNotice(c.HTML, m.Notice)
	} else {
		c.HTML = v.html()
	}
	return c
}

// try runs the user's templates on sample notifications, so that a field that
// does not exist is refused when the settings are saved.
func (r *Renderer) try() error {
	for _, t := range []*userTemplate{r.subject, r.text, r.html} {
		if t == nil {
			continue
		}
		for _, n := range samples() {
			m := newModel(n, r.words, r.options.Location, sampleTime)
			m.Subject = m.subject(r.words, false)
			if _, err := t.execute(context.Background(), m); err != nil {
				return err
			}
		}
	}
	return nil
}
