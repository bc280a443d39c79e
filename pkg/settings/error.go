package settings

import "strings"

// Error is everything that is wrong with a data source's settings. It holds no
// secret.
type Error struct {
	// Problems has one line for each, in the order of the settings.
	Problems []string
}

// Error is the problems, one a line.
func (e *Error) Error() string { return strings.Join(e.Problems, "\n") }
