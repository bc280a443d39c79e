package plugin

import (
	"context"
	"errors"
	"net/http"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/sandbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// mistakes lists the mistakes in templates that an error joins, each as a problem of its
// setting.
func mistakes(err error) (problems []settings.Problem) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			problems = append(problems, mistakes(one)...)
		}
		return problems
	}
	if wrong, ok := errors.AsType[*sandbox.Error](err); ok {
		problems = append(problems, settings.Mistake{
			Key: wrong.Template, Kind: string(wrong.Kind), Line: wrong.Line, Column: wrong.Column,
			Name: wrong.Name, Words: wrong.Message,
		}.Problem())
	}
	return problems
}

// tryTemplates tries the templates of settings, in the turn of a preview, which does the
// same.
func tryTemplates(r *http.Request, set settings.Settings) ([]settings.Problem, error) {
	if set.SubjectTemplate+set.TextTemplate+set.HTMLTemplate == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), previewWithin)
	defer cancel()
	if err := previewTurn(ctx, r); err != nil {
		return nil, failure.New(failure.Rate, "another preview is running", failure.AskLater.With("seconds", "5"))
	}
	defer previews.Release(1)
	_, err := message.NewRenderer(message.Options{
		Language:        settings.Languages()[0],
		SubjectTemplate: set.SubjectTemplate, TextTemplate: set.TextTemplate, HTMLTemplate: set.HTMLTemplate,
	})
	return mistakes(err), nil
}
