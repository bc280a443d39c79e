package rulechart

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
)

// rule makes a rule of RefIDs with their models; those with a type are expressions.
func rule(condition string, models ...string) *grafana.Rule {
	r := &grafana.Rule{Org: 1, Folder: "infra", Group: "every minute", Condition: condition}
	for _, m := range models {
		refID, model, _ := strings.Cut(m, " ")
		q := grafana.RuleQuery{RefID: refID, DataSource: "prom", Model: json.RawMessage(model)}
		if strings.HasPrefix(model, `{"type":`) {
			q.DataSource = grafana.Expressions
		}
		r.Queries = append(r.Queries, q)
	}
	return r
}

const (
	query    = `A {"expr":"cpu","instant":true,"range":false,"format":"table","hide":true}`
	reduce   = `B {"type":"reduce","expression":"A","reducer":"last"}`
	over90   = `C {"type":"threshold","expression":"B","conditions":[{"evaluator":{"type":"gt","params":[90]}}]}`
	ratio    = `R {"type":"math","expression":"$B / ${T} * 100"}`
	total    = `T {"expr":"total","instant":true}`
	overRate = `C {"type":"threshold","expression":"R","conditions":[{"evaluator":{"type":"lt","params":[10]}}]}`
)

// TestAPlanGoesBackFromTheCondition to the values that are compared with the limit.
func TestAPlanGoesBackFromTheCondition(t *testing.T) {
	above90 := chart.Limit{Beyond: chart.Above, Values: []float64{90}}
	for _, tt := range []struct {
		name  string
		rule  *grafana.Rule
		shown string
		asked string
		limit chart.Limit
		all   bool
	}{
		{"query, reduce, threshold", rule("C", query, reduce, over90), "A", "A", above90, false},
		{"query and threshold", rule("C", query, `C {"type":"threshold","expression":"A","conditions":[{"evaluator":{"type":"within_range","params":[1,2]}}]}`), "A", "A", chart.Limit{Beyond: chart.Inside, Values: []float64{1, 2}}, false},
		{"a threshold with a way back", rule("C", query, `C {"type":"threshold","expression":"$A","conditions":[{"evaluator":{"type":"outside_range","params":[1,2]},"unloadEvaluator":{"type":"within_range","params":[0,3]}}]}`), "A", "A", chart.Limit{Beyond: chart.Outside, Values: []float64{1, 2}}, false},
		{"a classic condition", rule("B", query, `B {"type":"classic_conditions","conditions":[{"evaluator":{"type":"gt","params":[90]},"query":{"params":["A"]},"reducer":{"type":"avg"}}]}`), "A", "A", above90, true},
		{"a math comparison", rule("C", query, reduce, `C {"type":"math","expression":" $B > 90 "}`), "A", "A", above90, false},
		{"a comparison and a threshold of its result", rule("D", query, reduce, `C {"type":"math","expression":"${B}>=90"}`, `D {"type":"threshold","expression":"C","conditions":[{"evaluator":{"type":"gt","params":[0]}}]}`), "A", "A", above90, false},
		{"a ratio of two queries", rule("C", query, reduce, total, ratio, overRate), "R", "ABTR", chart.Limit{Beyond: chart.Below, Values: []float64{10}}, false},
		{"a condition of two parts", rule("C", query, reduce, total, `C {"type":"math","expression":"$B > 90 && $T > 1"}`), "C", "ABTC", chart.Limit{}, false},
		{"the query itself", rule("A", query), "A", "A", chart.Limit{}, false},
		{"a number of values", rule("C", query, `B {"type":"reduce","expression":"A","reducer":"count"}`, over90), "A", "A", chart.Limit{}, false},
	} {
		p, err := newPlan(tt.rule)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		asked := ""
		for _, q := range p.queries {
			asked += q["refId"].(string)
		}
		if p.shown != tt.shown || asked != tt.asked || !reflect.DeepEqual(p.limit, tt.limit) || p.all != tt.all {
			t.Errorf("%s: %s is shown of %s, limit %+v, all %v", tt.name, p.shown, asked, p.limit, p.all)
		}
	}
}

// TestQueriesAreAskedOverARange: rules ask Prometheus and Loki for the present value.
func TestQueriesAreAskedOverARange(t *testing.T) {
	p, err := newPlan(rule("C", query, reduce, `T {"expr":"rate","queryType":"instant","datasource":{"type":"loki","uid":"loki"}}`, ratio, overRate))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(p.queries)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"datasource":{"uid":"prom"},"expr":"cpu","format":"time_series","instant":false,"range":true,"refId":"A"},` +
		`{"datasource":{"uid":"__expr__"},"expression":"${A}","refId":"B","type":"math"},` +
		`{"datasource":{"type":"loki","uid":"prom"},"expr":"rate","queryType":"range","refId":"T"},` +
		`{"datasource":{"uid":"__expr__"},"expression":"$B / ${T} * 100","refId":"R","type":"math"}]`
	if string(got) != want {
		t.Errorf("asked:\n%s\nwant\n%s", got, want)
	}
}

// TestRulesThatCannotBeDrawn do no harm.
func TestRulesThatCannotBeDrawn(t *testing.T) {
	for _, r := range []*grafana.Rule{
		rule("Z", query), rule("A"), rule("A", `A null`), rule("A", `A []`),
		rule("A", `A {"type":"sql","expression":"SELECT 1"}`),
		rule("A", `A {"type":"threshold","expression":"A"}`),
		rule("A", `A {"type":"math","expression":"$A + 1"}`),
		rule("A", `A {"type":"reduce","expression":"B"}`, `B {"type":"reduce","expression":"A"}`),
		rule("A", `A {"type":"classic_conditions","conditions":[{"query":{"params":[1]}}]}`),
		rule("A", `A {"type":"threshold","conditions":[1]}`),
	} {
		if p, err := newPlan(r); err == nil {
			t.Errorf("%s: %+v", fmt.Sprint(r.Queries), p)
		}
	}
}

func FuzzPlan(f *testing.F) {
	for _, seed := range []string{query, reduce, over90, ratio} {
		_, model, _ := strings.Cut(seed, " ")
		f.Add(model, `{"type":"threshold","expression":"A","conditions":[{"evaluator":{"type":"gt","params":[1]}}]}`)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if p, err := newPlan(rule("B", "A "+a, "B "+b)); err == nil && (p.shown == "" || len(p.queries) == 0) {
			t.Errorf("%+v", p)
		}
	})
}
