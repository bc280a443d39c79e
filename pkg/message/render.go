package message

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/html"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/sandbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/text"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
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
	// StableSubject has behind the bracket of the built-in subject only what
	// every mail of a group shares, so that readers which thread by subject keep
	// a group in one conversation whichever alerts come and go.
	StableSubject bool

	// Templates of the user's; empty: built in. See docs/templates.md.
	SubjectTemplate string
	TextTemplate    string
	HTMLTemplate    string
}

// Renderer renders notifications; it is safe for concurrent use.
type Renderer struct {
	options             Options
	words               *locale.Words
	advertiser          *view.Advertiser  // of mail type ad
	subject, text, html *sandbox.Template // nil: built in
}

// NewRenderer checks the options. A template that does not parse, or fails on a
// sample notification, is refused with an error that joins a *sandbox.Error for each.
func NewRenderer(o Options) (*Renderer, error) {
	r := &Renderer{options: o, words: locale.Get(o.Language)}
	if r.words == nil {
		return nil, fmt.Errorf("language is %q; it must be %s", o.Language, strings.Join(settings.Languages(), ", "))
	}
	if o.Location == nil {
		r.options.Location = time.UTC
	}
	var err error
	if o.MailType == nhncloud.Ad {
		if r.advertiser, err = view.NewAdvertiser(o.Advertiser, o.From, r.words); err != nil {
			return nil, err
		}
	}
	var models []any
	for _, n := range view.Samples() {
		models = append(models, view.NewModel(n, r.words, r.options.Location, view.SampleTime, false))
	}
	var errs [3]error
	r.subject, errs[0] = sandbox.New("subjectTemplate", o.SubjectTemplate, false, models...)
	r.text, errs[1] = sandbox.New("textTemplate", o.TextTemplate, false, models...)
	r.html, errs[2] = sandbox.New("htmlTemplate", o.HTMLTemplate, true, models...)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return r, nil
}

// In returns a renderer whose times are those of a location.
func (r *Renderer) In(location *time.Location) *Renderer {
	in := *r
	in.options.Location = location
	return &in
}

// Render says what the notification says, as of now. A template of the user's
// that fails, or is not done when ctx ends, is replaced by the built-in mail,
// which takes any notification, and named in Content.Warnings: an alert must go
// out.
func (r *Renderer) Render(ctx context.Context, n *alert.Notification, now time.Time) Content {
	ctx, cancel := context.WithTimeout(ctx, sandbox.MaxTime)
	defer cancel()
	m := view.NewModel(n, r.words, r.options.Location, now, r.options.StableSubject)
	c := Content{Priority: m.Priority(), FromName: r.words.Say("from.name"), About: about(m, n)}
	subject, ok := r.subject.Run(ctx, m, &c.Warnings)
	if !ok {
		subject = m.Subject
	}
	c.Subject = finishSubject(subject, r.options.MailType)

	v := view.New(m, r.advertiser)
	if c.Text, ok = r.text.Run(ctx, m, &c.Warnings); ok {
		c.Text = textWithNotice(c.Text, m.Notice)
	} else {
		c.Text = text.Render(v)
	}
	if c.HTML, ok = r.html.Run(ctx, m, &c.Warnings); ok {
		c.HTML = htmlWithNotice(c.HTML, m.Notice)
	} else {
		c.HTML = html.Render(v)
	}
	c.carryCharts(n)
	return c
}

// about is what the header says of the alerts.
func about(m *view.Model, n *alert.Notification) About {
	a := About{
		State: m.State, Severity: m.Severity, Folder: m.Folder(), Org: n.OrgID,
		ContactPoint: m.Receiver, Topic: m.Topic(),
	}
	if len(m.Alerts) > 0 {
		a.Rule = m.Alerts[0].Name
	}
	if u, err := url.Parse(m.ExternalURL); err == nil {
		a.Host = u.Hostname()
	}
	return a
}

// finishSubject makes any subject fit for a header, and marks an ad.
func finishSubject(s string, t nhncloud.MailType) string {
	s = clean.Line(s)
	marked := func(mark string) bool { return len(s) >= len(mark) && strings.EqualFold(s[:len(mark)], mark) }
	if t == nhncloud.Ad && !slices.ContainsFunc(nhncloud.AdMarks, marked) {
		s = nhncloud.AdMarks[0] + " " + s
	}
	return clean.Cut(s, view.MaxSubject)
}

// textWithNotice is what a template of the user's gave, with the notice before
// it unless the template shows it.
func textWithNotice(text, notice string) string {
	if notice == "" || strings.Contains(text, notice) {
		return text
	}
	return notice + "\n\n" + text
}

// bodyTag is where the content of a whole HTML document begins.
var bodyTag = regexp.MustCompile(`(?i)<body(?:\s[^>]*)?>`)

// htmlWithNotice is textWithNotice for HTML.
func htmlWithNotice(page, notice string) string {
	escaped := html.Escape(notice)
	if notice == "" || strings.Contains(page, escaped) {
		return page
	}
	start := 0
	if body := bodyTag.FindStringIndex(page); body != nil {
		start = body[1]
	}
	return page[:start] + "<p>" + escaped + "</p>" + page[start:]
}
