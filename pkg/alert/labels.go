package alert

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Labels with a meaning of their own.
const (
	NameLabel = "alertname" // the rule's name
	RuleLabel = "rulename"  // that of a rule without data or with a failed query
)

// SeverityLabels say how severe an alert is, the first that is there.
var SeverityLabels = []string{"severity", "priority"}

// KV is a set of labels or annotations.
type KV map[string]string

// Names are the names of the entries that another set has not, as Grafana sorts
// them: alertname first, the others in order.
func (kv KV) Names(without KV) []string {
	return kv.appendNames(make([]string, 0, len(kv)), without)
}

// appendNames adds the names to a list that is empty.
func (kv KV) appendNames(names []string, without KV) []string {
	for name := range kv {
		if _, ok := without[name]; !ok {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == NameLabel:
			return -1
		case b == NameLabel:
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

// Rule is the name of the rule, also in Grafana's alerts for want of data, which
// carry it in another label.
func (kv KV) Rule() string {
	switch kv[NameLabel] {
	case "DatasourceNoData", "DatasourceError":
		if rule := kv[RuleLabel]; rule != "" {
			return rule
		}
	}
	return kv[NameLabel]
}

// Severity is what labels say of an alert's weight, in their own word.
func (kv KV) Severity() string {
	for _, name := range SeverityLabels {
		if s := kv[name]; s != "" {
			return s
		}
	}
	return ""
}

// severityWords are the words in use for a severity, by its rank.
var severityWords = [...]string{
	0: "critical crit fatal emergency emerg disaster page high p0 p1 sev0 sev1 s0 s1 1 " +
		"심각 치명 치명적 긴급 위험 높음 重大 緊急 致命的 致命 危険 高",
	2: "info information informational notice low minor debug none ok p4 p5 sev4 sev5 s4 s5 " +
		"정보 참고 낮음 경미 안내 情報 低 軽微 参考",
}

var severityRanks = func() map[string]int {
	ranks := make(map[string]int)
	for rank, words := range severityWords {
		for word := range strings.FieldsSeq(words) {
			ranks[word] = rank
		}
	}
	return ranks
}()

// SeverityRank ranks the words in use for a severity, in English, Japanese and
// Korean: 0 is severe, 1 ordinary or unknown, 2 light.
func SeverityRank(severity string) int {
	if rank, known := severityRanks[severity]; known {
		return rank
	}
	if rank, known := severityRanks[strings.ToLower(strings.TrimSpace(severity))]; known {
		return rank
	}
	return 1
}

// SeverityAmong says whether a severity is one of the listed, or of the rank of one that
// is severe or light.
func SeverityAmong(severity string, listed []string) bool {
	if severity == "" {
		return false
	}
	rank := SeverityRank(severity)
	return slices.ContainsFunc(listed, func(word string) bool {
		return strings.EqualFold(strings.TrimSpace(severity), word) || rank != 1 && SeverityRank(word) == rank
	})
}

// with is kv and those entries of common that it lacks.
func (kv KV) with(common KV) KV {
	merged := kv
	for name, value := range common {
		if _, ok := kv[name]; ok {
			continue
		}
		if len(merged) == len(kv) {
			merged = maps.Clone(kv)
			if merged == nil {
				merged = KV{}
			}
		}
		merged[name] = value
	}
	return merged
}

// Values are the results of a rule's queries, by RefID.
type Values map[string]float64

// UnmarshalJSONFrom implements json.UnmarshalerFrom. What is null has no value.
func (v *Values) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*v = nil
	if dec.PeekKind() != '{' {
		return json.UnmarshalDecode(dec, (*map[string]float64)(v)) // null, or an error in its words
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	*v = make(Values)
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		switch kind := dec.PeekKind(); kind {
		case 'n':
			err = dec.SkipValue()
		case '0':
			if token, err = dec.ReadToken(); err == nil {
				(*v)[name], err = token.Float()
			}
		default:
			err = json.UnmarshalDecode(dec, new(float64)) // an error in its words
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}
