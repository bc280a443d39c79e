package commands

import (
	"os"

	"github.com/nhncloud/nhncloud-email-datasource/internal/reference"
)

// Docs writes the tables of the settings in docs/ from their schema.
func Docs() error {
	schema, err := os.ReadFile(reference.Schema)
	if err != nil {
		return err
	}
	for name, language := range reference.Documents {
		document, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		written, err := reference.Write(document, schema, language)
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, written, 0o644); err != nil {
			return err
		}
	}
	return nil
}
