// Package reference writes the tables of the settings in docs/configure*.md from the
// schema of the settings.
package reference

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Schema is where the schema of the settings is in the repository.
const Schema = "pkg/settings/settings.schema.json"

// Documents are the documents with the tables, each with its language.
var Documents = map[string]Language{
	"docs/configure.md":    english,
	"docs/configure.ja.md": japanese,
	"docs/configure.ko.md": korean,
}

// Language is the words of a table.
type Language struct {
	description             func(property) string
	values, meaning         string // headings
	required, optional      string
	unset, empty, emptyList string
	comma, fromTo           string
	source, above           string // of what a profile has in place of the data source's
}

var (
	english = Language{
		description: func(p property) string { return p.English },
		values:      "values", meaning: "meaning", required: "required", optional: "optional",
		unset: "unset", empty: "empty", emptyList: "empty list", comma: ", ", fromTo: "%d to %d",
		source: "the data source's", above: "As in `jsonData`, for the mail of the profile",
	}
	japanese = Language{
		description: func(p property) string { return p.Japanese },
		values:      "値", meaning: "説明", required: "必須", optional: "任意",
		unset: "指定なし", empty: "空", emptyList: "空のリスト", comma: "、", fromTo: "%d～%d",
		source: "データソースの値", above: "`jsonData` と同じ。このプロファイルのメールに適用する",
	}
	korean = Language{
		description: func(p property) string { return p.Korean },
		values:      "값", meaning: "설명", required: "필수", optional: "선택",
		unset: "지정하지 않음", empty: "비어 있음", emptyList: "빈 목록", comma: ", ", fromTo: "%d~%d",
		source: "데이터 소스의 값", above: "`jsonData`와 같음. 이 프로필의 메일에 적용",
	}
)

// property is what the schema says of a key.
type property struct {
	Type             string
	Enum             []string
	Default          any
	Minimum, Maximum int
	English          string `yaml:"description"`
	Japanese         string `yaml:"x-ja"`
	Korean           string `yaml:"x-ko"`
	Ref              string `yaml:"$ref"` // to the key of jsonData that is the same
}

// object is a part of the schema. JSON is YAML, whose nodes keep the order of the keys.
type object struct {
	Required   []string
	Properties yaml.Node
}

// decode decodes what the object has of a key.
func (o object) decode(key string, v any) error {
	for i := 0; i+1 < len(o.Properties.Content); i += 2 {
		if o.Properties.Content[i].Value == key {
			return o.Properties.Content[i+1].Decode(v)
		}
	}
	return errors.New("there is no key " + key)
}

// Write returns a document with its tables as the schema has them.
func Write(document, schema []byte, l Language) ([]byte, error) {
	var parsed struct {
		Properties struct {
			JSONData       object `yaml:"jsonData"`
			SecureJSONData object `yaml:"secureJsonData"`
		}
	}
	if err := yaml.Unmarshal(schema, &parsed); err != nil {
		return nil, err
	}
	var profiles struct{ Items object }
	if err := parsed.Properties.JSONData.decode("profiles", &profiles); err != nil {
		return nil, err
	}
	text := string(document)
	for _, table := range []struct {
		name string
		object
	}{{"jsonData", parsed.Properties.JSONData}, {"secureJsonData", parsed.Properties.SecureJSONData}, {"profiles[]", profiles.Items}} {
		start := strings.Index(text, "| `"+table.name+"` |")
		if start < 0 {
			return nil, errors.New("there is no table of " + table.name)
		}
		end := start + strings.Index(text[start:]+"\n\n", "\n\n") + len("\n")
		rows, err := l.table(table.name, table.object)
		if err != nil {
			return nil, err
		}
		text = text[:start] + rows + text[min(end, len(text)):]
	}
	return []byte(text), nil
}

// table has a row for each key, in the order of the schema, and one for those of a profile
// that jsonData has as well.
func (l Language) table(name string, o object) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "| `%s` | %s | %s |\n|---|---|---|\n", name, l.values, l.meaning)
	var shared []string
	for i := 0; i+1 < len(o.Properties.Content); i += 2 {
		key := o.Properties.Content[i].Value
		var p property
		if err := o.Properties.Content[i+1].Decode(&p); err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
		if p.Ref != "" {
			shared = append(shared, "`"+key+"`")
			continue
		}
		meaning := strings.TrimSuffix(l.description(p), ".")
		if meaning == "" {
			return "", fmt.Errorf("%s has no description in every language (description, x-ja, x-ko)", key)
		}
		values := l.allowed(p)
		switch {
		case slices.Contains(o.Required, key):
			values = l.required
		case name == "secureJsonData":
			values = l.optional
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", key, values, meaning)
	}
	if len(shared) > 0 {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(shared, l.comma), l.source, l.above)
	}
	return b.String(), nil
}

// allowed lists what a key may hold, its default first.
func (l Language) allowed(p property) string {
	code := func(v any) string { return fmt.Sprintf("`%v`", v) }
	var all []string
	switch {
	case p.Enum != nil:
		if p.Default == nil {
			all = append(all, l.unset)
		}
		for _, word := range p.Enum {
			all = append(all, code(word))
		}
	case p.Type == "integer":
		if p.Default != nil {
			all = append(all, fmt.Sprint(p.Default))
		}
		all = append(all, fmt.Sprintf(l.fromTo, p.Minimum, p.Maximum))
	case p.Type == "boolean":
		all = []string{code(p.Default == true), code(p.Default != true)}
	case p.Type == "array":
		entries, _ := p.Default.([]any)
		for _, e := range entries {
			all = append(all, code(e))
		}
		return cmp.Or(strings.Join(all, l.comma), l.emptyList)
	case p.Default != nil:
		return code(p.Default)
	}
	return cmp.Or(strings.Join(all, l.comma), l.empty)
}
