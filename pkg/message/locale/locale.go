// Package locale says things in the languages of the mail: messages, times and
// lengths of time.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

//go:embed *.json
var files embed.FS

// Words says things in one language.
type Words struct {
	Language string // its code, such as "en"
	printer  *message.Printer
	fixed    map[string]string // the messages without arguments
	formats  map[string]string // those with arguments and one form
	weekdays []string
}

// languages holds the words of every language; the files are part of the
// program, so that a mistake in one shows at once.
var languages = func() map[string]*Words {
	all := make(map[string]*Words)
	builder := catalog.NewBuilder()
	for _, name := range settings.Languages() {
		tag := language.MustParse(name)
		fixed, formats := make(map[string]string), make(map[string]string)
		for key, forms := range read(name) {
			switch text := forms["other"]; {
			case !strings.Contains(text, "%"):
				fixed[key] = text
			case len(forms) == 1:
				formats[key] = text
			}
			if err := setMessage(builder, tag, key, forms); err != nil {
				panic(fmt.Sprintf("%s.json: %s: %v", name, key, err))
			}
		}
		w := &Words{Language: name, printer: message.NewPrinter(tag, message.Catalog(builder)), fixed: fixed, formats: formats}
		w.weekdays = strings.Split(w.Say("date.weekdays"), ",")
		all[name] = w
	}
	return all
}()

// read reads the messages of one language: for each key, its plural forms ("other" alone
// where the language or the message has no others).
func read(name string) map[string]map[string]string {
	data, err := files.ReadFile(name + ".json")
	if err != nil {
		panic(err)
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		panic(fmt.Sprintf("%s.json: %v", name, err))
	}
	all := make(map[string]map[string]string, len(entries))
	for key, raw := range entries {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			all[key] = map[string]string{"other": text}
			continue
		}
		var forms map[string]string
		if err := json.Unmarshal(raw, &forms); err != nil {
			panic(fmt.Sprintf("%s.json: %s: %v", name, key, err))
		}
		all[key] = forms
	}
	return all
}

// Get is the words of a language, nil where there are none.
func Get(language string) *Words { return languages[language] }

// setMessage adds one entry; where there are plural forms (CLDR's names), the
// first argument chooses.
func setMessage(b *catalog.Builder, tag language.Tag, key string, forms map[string]string) error {
	if len(forms) == 1 {
		return b.SetString(tag, key, forms["other"])
	}
	var cases []any
	for _, form := range []string{"zero", "one", "two", "few", "many", "other"} {
		if text, ok := forms[form]; ok {
			cases = append(cases, form, text)
		}
	}
	return b.Set(tag, key, plural.Selectf(1, "%d", cases...))
}

// Say is the message of a key, with its arguments in place.
func (w *Words) Say(key string, args ...any) string {
	if text, ok := w.fixed[key]; ok {
		return text
	}
	if format, ok := w.formats[key]; ok && plainArguments(args) {
		return fmt.Sprintf(format, args...)
	}
	return w.printer.Sprintf(message.Key(key, key), args...)
}

// plainArguments says whether the arguments read the same in every language:
// text, and numbers too small to be grouped.
func plainArguments(args []any) bool {
	for _, arg := range args {
		switch v := arg.(type) {
		case string:
		case int:
			if v < 0 || v > 999 {
				return false
			}
		default:
			return false
		}
	}
	return true
}
