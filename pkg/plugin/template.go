package plugin

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/sandbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// templateProblems lists what is wrong with templates, which an error joins, each as a
// problem of its setting. keyOf returns where that is set.
func templateProblems(err error, keyOf func(key string) string) (problems []settings.Problem) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			problems = append(problems, templateProblems(one, keyOf)...)
		}
		return problems
	}
	if wrong, ok := errors.AsType[*sandbox.Error](err); ok {
		problems = append(problems, settings.TemplateProblem{
			Key: keyOf(wrong.Template), Kind: string(wrong.Kind), Line: wrong.Line, Column: wrong.Column,
			Name: wrong.Name, Words: wrong.Message,
		}.Problem())
	}
	return problems
}

// templates returns the templates of settings by their keys.
func templates(set *settings.Settings) map[string]string {
	return map[string]string{"subjectTemplate": set.SubjectTemplate, "textTemplate": set.TextTemplate, "htmlTemplate": set.HTMLTemplate}
}

// templateKey returns where the template of a key is set: in a profile, or in the data
// source.
func templateKey(source, profile *settings.Settings, key string) string {
	if templates(source)[key] != templates(profile)[key] {
		return profile.ProfileKey + "." + key
	}
	return key
}

// tryTemplates tries the templates of settings and those that their profiles have of their
// own, in the turn of a preview, which does the same. It begins none after the time that a
// preview has.
func tryTemplates(r *http.Request, set *settings.Settings) (problems []settings.Problem, err error) {
	type tried struct {
		of        *settings.Settings
		templates map[string]string
	}
	var all []tried
	for _, one := range append([]*settings.Settings{set}, set.Profiles...) {
		own := templates(one)
		maps.DeleteFunc(own, func(key, template string) bool {
			return template == "" || one != set && template == templates(set)[key]
		})
		if len(own) > 0 {
			all = append(all, tried{one, own})
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), previewWithin)
	defer cancel()
	if err := previewTurn(ctx, r); err != nil {
		return nil, failure.New(failure.Rate, "another preview is running", failure.AskLater.With("seconds", "5"))
	}
	defer previews.Release(1)
	for _, one := range all {
		if ctx.Err() != nil {
			break
		}
		_, err := message.NewRenderer(message.Options{
			Language:        settings.Languages()[0],
			SubjectTemplate: one.templates["subjectTemplate"], TextTemplate: one.templates["textTemplate"], HTMLTemplate: one.templates["htmlTemplate"],
		})
		problems = append(problems, templateProblems(err, func(key string) string { return templateKey(set, one.of, key) })...)
	}
	return problems, nil
}
