package rulechart

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
)

// plan is what is asked for to draw the chart of a rule.
type plan struct {
	queries []map[string]any
	shown   string // the RefID whose results are drawn
	limit   chart.Limit
	// all says that the rule looks at all series together, so that its alert has the
	// labels of none.
	all bool
}

// node is a query or an expression of a rule.
type node struct {
	grafana.RuleQuery
	model map[string]any
	kind  string // of an expression, such as "threshold"; empty for a query
}

// maxQueries is how many queries and expressions a rule has at most.
const maxQueries = 100

var errNoPlan = errors.New("the rule's condition does not follow from values that can be drawn")

// newPlan finds what a rule's condition follows from: it goes from the condition back to
// the values that are compared with a limit, past what makes one number of each series.
func newPlan(r *grafana.Rule) (*plan, error) {
	nodes := make(map[string]*node)
	if len(r.Queries) > maxQueries {
		return nil, errNoPlan
	}
	for _, q := range r.Queries {
		n := &node{RuleQuery: q}
		if json.Unmarshal(q.Model, &n.model) != nil || n.model == nil {
			return nil, errNoPlan
		}
		if q.DataSource == grafana.Expressions || q.DataSource == "-100" { // the latter in old rules
			n.kind, _ = n.model["type"].(string)
			if n.kind == "" {
				return nil, errNoPlan
			}
		}
		nodes[q.RefID] = n
	}
	p := &plan{shown: r.Condition}
	for range len(nodes) + 1 {
		n := nodes[p.shown]
		if n == nil {
			return nil, errNoPlan
		}
		next, found := p.step(n)
		if !found {
			break
		}
		p.shown = next
	}
	if err := p.ask(nodes, p.shown, nil); err != nil {
		return nil, err
	}
	return p, nil
}

// step returns what the result of an expression is made of, unless the result itself is
// to be drawn. It notes the limit that the expression compares with.
func (p *plan) step(n *node) (input string, found bool) {
	switch n.kind {
	case "threshold", "classic_conditions":
		conditions, _ := n.model["conditions"].([]any)
		if len(conditions) == 0 {
			return "", false
		}
		first, _ := conditions[0].(map[string]any)
		p.compare(limitOf(first["evaluator"]))
		input = n.input()
		if n.kind == "classic_conditions" {
			query, _ := first["query"].(map[string]any)
			params, _ := query["params"].([]any)
			if len(params) > 0 {
				name, _ := params[0].(string)
				input = refID(name)
			}
			reducer, _ := first["reducer"].(map[string]any)
			p.reduce(text(reducer, "type"))
			p.all = true
		}
	case "reduce":
		p.reduce(text(n.model, "reducer"))
		input = n.input()
	case "resample":
		input = n.input()
	case "math":
		m := comparison.FindStringSubmatch(text(n.model, "expression"))
		if m == nil {
			return "", false
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return "", false
		}
		p.limit = chart.Limit{} // what compared with its 0 or 1 before says less
		p.compare(chart.Limit{Beyond: map[byte]chart.Beyond{'>': chart.Above, '<': chart.Below}[m[2][0]], Values: []float64{value}})
		input = m[1]
	}
	return input, input != ""
}

// input is the result that an expression is made of.
func (n *node) input() string { return refID(text(n.model, "expression")) }

// refID reads a reference to a result: A, $A or ${A}.
func refID(s string) string { return strings.Trim(s, "${} ") }

// comparison is a math expression that compares one result with a number.
var comparison = regexp.MustCompile(`^\s*\$\{?(\w+)\}?\s*([<>]=?)\s*(-?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*$`)

// compare notes a limit, the one nearest to the values.
func (p *plan) compare(l chart.Limit) {
	if len(l.Values) > 0 {
		p.limit = l
	}
}

// reduce notes that each series was made one number. A count or a sum of its values is no
// value of it, and a limit of those is none of the chart.
func (p *plan) reduce(reducer string) {
	if !slices.Contains([]string{"", "last", "mean", "avg", "min", "max", "median"}, reducer) {
		p.limit = chart.Limit{}
	}
}

// limitOf reads an evaluator.
func limitOf(evaluator any) chart.Limit {
	e, _ := evaluator.(map[string]any)
	sides := map[string]struct {
		beyond chart.Beyond
		params int
	}{
		"gt": {chart.Above, 1}, "gte": {chart.Above, 1}, "lt": {chart.Below, 1}, "lte": {chart.Below, 1},
		"within_range": {chart.Inside, 2}, "within_range_included": {chart.Inside, 2},
		"outside_range": {chart.Outside, 2}, "outside_range_included": {chart.Outside, 2},
		"eq": {chart.None, 1}, "ne": {chart.None, 1},
	}
	side, known := sides[text(e, "type")]
	params, _ := e["params"].([]any)
	if !known || len(params) < side.params {
		return chart.Limit{}
	}
	l := chart.Limit{Beyond: side.beyond}
	for _, param := range params[:side.params] {
		if v, ok := param.(float64); ok {
			l.Values = append(l.Values, v)
		}
	}
	return l
}

// reference is another result in a math expression.
var reference = regexp.MustCompile(`\$(?:\{([^}]+)\}|(\w+))`)

// ask adds a result, and what it is made of, to the queries.
func (p *plan) ask(nodes map[string]*node, refID string, on []string) error {
	n := nodes[refID]
	if n == nil || slices.Contains(on, refID) {
		return errNoPlan
	}
	if slices.ContainsFunc(p.queries, func(q map[string]any) bool { return q["refId"] == refID }) {
		return nil
	}
	inputs := []string{}
	switch n.kind {
	case "":
	case "math":
		for _, m := range reference.FindAllStringSubmatch(text(n.model, "expression"), -1) {
			inputs = append(inputs, m[1]+m[2])
		}
	case "reduce": // the series itself takes the place of its one number
		input := n.input()
		inputs = append(inputs, input)
		n.model = map[string]any{"type": "math", "expression": "${" + input + "}"}
	case "resample":
		inputs = append(inputs, n.input())
	default:
		return errNoPlan
	}
	for _, input := range inputs {
		if err := p.ask(nodes, input, append(on, refID)); err != nil {
			return err
		}
	}
	p.queries = append(p.queries, n.ranged())
	return nil
}

// ranged is the query over a range of time: rules ask Prometheus and Loki for the present
// value only.
func (n *node) ranged() map[string]any {
	q := n.model
	q["refId"] = n.RefID
	source, known := q["datasource"].(map[string]any)
	if !known || n.kind != "" {
		source = make(map[string]any)
		q["datasource"] = source
	}
	source["uid"] = n.DataSource // a rule asks this one, whatever its model names
	delete(q, "hide")
	if _, has := q["queryType"]; !has && n.QueryType != "" {
		q["queryType"] = n.QueryType
	}
	if q["queryType"] == "instant" {
		q["queryType"] = "range"
	}
	if q["instant"] == true {
		q["instant"], q["range"] = false, true
		if q["format"] == "table" {
			q["format"] = "time_series"
		}
	}
	return q
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}
