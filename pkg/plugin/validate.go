package plugin

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// validation is the body of POST /validate: settings that need not be saved yet.
type validation struct {
	JSONData json.RawMessage `json:"jsonData"`
	// SecureJSONFields says which secrets are set, saved or not. Their values are not
	// sent.
	SecureJSONFields map[string]bool `json:"secureJsonFields"`
}

// validated is the answer.
type validated struct {
	Problems []settings.Problem `json:"problems"`
}

// postValidate answers what is wrong with settings, key by key. It tries the templates,
// those of profiles too. Of the saved secrets it says what was found when they were loaded.
func (d *DataSource) postValidate(w http.ResponseWriter, r *http.Request) error {
	if err := allow(w, d.limits.validate, 1); err != nil {
		return err
	}
	var request validation
	if err := decodeOptional(r, &request); err != nil {
		return err
	}
	var set []string
	for key, isSet := range request.SecureJSONFields {
		if isSet {
			set = append(set, key)
		}
	}
	checked, problems := settings.Check(request.JSONData, set)
	wrong, err := tryTemplates(r, &checked)
	if err != nil {
		return err
	}
	answer := validated{Problems: append(problems, wrong...)}
	for _, p := range d.problems() {
		if slices.Contains(set, p.Key) {
			answer.Problems = append(answer.Problems, p)
		}
	}
	if answer.Problems == nil {
		answer.Problems = []settings.Problem{}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
