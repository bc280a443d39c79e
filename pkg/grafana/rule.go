package grafana

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/prometheus/common/model"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Expressions is the UID that stands for Grafana's own expressions among the queries of
// a rule.
const Expressions = "__expr__"

// Rule is an alert rule, as GET /api/v1/provisioning/alert-rules/{uid} has it.
type Rule struct {
	Org       int64             `json:"orgID"`
	Folder    string            `json:"folderUID"`
	Group     string            `json:"ruleGroup"`
	Condition string            `json:"condition"` // the RefID of the query that decides
	Queries   []RuleQuery       `json:"data"`
	For       model.Duration    `json:"for"`
	Labels    map[string]string `json:"labels"`
}

// RuleQuery is a query or an expression of a rule.
type RuleQuery struct {
	RefID      string          `json:"refId"`
	QueryType  string          `json:"queryType"`
	DataSource string          `json:"datasourceUid"`
	Model      json.RawMessage `json:"model"`
}

// uidForm is the form of a UID. What else a notification has as one would lead elsewhere in
// the API, with the token.
var uidForm = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}$`)

// Rule returns the rule with a UID.
func (c *Client) Rule(ctx context.Context, a Access, uid string) (*Rule, error) {
	if !uidForm.MatchString(uid) {
		return nil, failure.New(failure.NotFound, "the notification does not name a rule as Grafana does", failure.Hint{})
	}
	var r Rule
	if err := c.ask(ctx, a, http.MethodGet, "/api/v1/provisioning/alert-rules/"+url.PathEscape(uid), nil, &r); err != nil {
		return nil, err
	}
	if r.Org != a.Org || len(r.Queries) == 0 {
		return nil, errNotGrafana
	}
	return &r, nil
}

// Interval returns how often the rules of a group are evaluated.
func (c *Client) Interval(ctx context.Context, a Access, folder, group string) (time.Duration, error) {
	var g struct {
		Interval int64 `json:"interval"` // in seconds
	}
	if err := c.ask(ctx, a, http.MethodGet, "/api/v1/provisioning/folder/"+url.PathEscape(folder)+"/rule-groups/"+url.PathEscape(group), nil, &g); err != nil {
		return 0, err
	}
	const most = 7 * 24 * 3600
	return time.Duration(min(max(g.Interval, 0), most)) * time.Second, nil
}

// Results are the results of queries, not decoded yet: that takes ten times as much memory.
type Results []byte

// Query runs queries over a time range.
func (c *Client) Query(ctx context.Context, a Access, from, to time.Time, queries []map[string]any) (Results, error) {
	var results json.RawMessage
	request := map[string]any{
		"queries": queries,
		"from":    strconv.FormatInt(from.UnixMilli(), 10), "to": strconv.FormatInt(to.UnixMilli(), 10),
	}
	// Grafana answers 400 where one of the queries fails, and 207 in older versions.
	err := c.ask(ctx, a, http.MethodPost, "/api/ds/query", request, &results, http.StatusOK, http.StatusMultiStatus, http.StatusBadRequest)
	return Results(results), err
}

// Decode returns the results by RefID. A query that fails has its error there.
func (r Results) Decode() (backend.Responses, error) {
	var answer backend.QueryDataResponse
	if json.Unmarshal(r, &answer) != nil || answer.Responses == nil {
		return nil, errNotGrafana // the error may quote the answer
	}
	return answer.Responses, nil
}
