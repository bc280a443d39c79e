package settings

import (
	"fmt"
	"io"
)

// Secret is a string that no formatter, logger or encoder prints. The zero
// value is no secret.
type Secret struct {
	// A pointer, because package fmt prints what stands in the unexported
	// field of another struct by reflection, past every method.
	value *string
}

const redacted = "[redacted]"

// NewSecret hides s; an empty one is no secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{value: &s}
}

// IsSet says whether there is a secret.
func (s Secret) IsSet() bool { return s.value != nil }

// Reveal is the secret itself, for the one place that needs it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String hides the secret.
func (Secret) String() string { return redacted }

// Format hides the secret from every verb of package fmt, also from the wrong
// ones: those print the value behind a Stringer.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
