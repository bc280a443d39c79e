package settings

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
)

// schema is the contract: which keys there are, what they may hold, and what they
// mean when unset. Whatever else needs to know that reads it or is generated from it.
//
//go:embed settings.schema.json
var schema []byte

// property is what the schema says of a key of jsonData or of a profile.
type property struct {
	Ref                  string `json:"$ref"` // of a key of a profile that is as that of jsonData
	Enum                 []string
	Default              any
	Minimum, Maximum     int
	MaxItems             int
	MaxProperties        int
	AdditionalProperties struct{ MaxLength int }
	Items                struct {
		Enum       []string
		Properties map[string]property
	}
}

// properties has each key of jsonData and of profiles, and profileKeys those of the
// latter in order.
var properties, profileKeys = func() (map[string]property, []string) {
	var parsed struct {
		Properties struct {
			JSONData struct{ Properties map[string]property }
		}
	}
	if err := json.Unmarshal(schema, &parsed); err != nil {
		panic("settings.schema.json: " + err.Error())
	}
	all := parsed.Properties.JSONData.Properties
	ofProfile := all[keyProfiles].Items.Properties
	for key, p := range ofProfile {
		if p.Ref == "" {
			all[key] = p
		}
	}
	return all, slices.Sorted(maps.Keys(ofProfile))
}()

// text is the default of a string; empty where there is none.
func (p property) text() string {
	s, _ := p.Default.(string)
	return s
}

// number is the default of a number; 0 where there is none.
func (p property) number() int {
	n, _ := p.Default.(float64)
	return int(n)
}

// flag is the default of a boolean; false where there is none.
func (p property) flag() bool {
	b, _ := p.Default.(bool)
	return b
}

// list is the default of a list of texts; empty where there is none.
func (p property) list() []string {
	var all []string
	entries, _ := p.Default.([]any)
	for _, e := range entries {
		if s, ok := e.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// words are the choices of a key, the default first.
func words[T ~string](key string) []T {
	all := make([]T, len(properties[key].Enum))
	for i, word := range properties[key].Enum {
		all[i] = T(word)
	}
	return all
}
