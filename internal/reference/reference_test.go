package reference

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestDocumentsHaveTheSettingsOfTheSchema: go tool mage docs writes them.
func TestDocumentsHaveTheSettingsOfTheSchema(t *testing.T) {
	root := filepath.Join("..", "..")
	schema, err := os.ReadFile(filepath.Join(root, Schema))
	if err != nil {
		t.Fatal(err)
	}
	for name, language := range Documents {
		document, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		written, err := Write(document, schema, language)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(written, document) {
			t.Errorf("%s is not what the schema says: go tool mage docs", name)
		}
	}
}
