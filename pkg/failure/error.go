// Package failure is what can go wrong, in one type from the socket to the answer,
// the log, the metrics and the page: its code, what follows from that, and what a
// person can do about it.
package failure

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
)

// Stage is a step of a session; package smtp lists them.
type Stage string

// Error is a failure. It holds no secret.
type Error struct {
	Message string `json:"error"` // what went wrong; empty: the reply, or the cause, says it
	Code    Code   `json:"code"`
	Hint           // what to do about it; may be empty

	Stage Stage `json:"stage,omitempty"`
	Reply Reply `json:"reply,omitzero"` // the relay's own words, printable and bounded
	// Ambiguous: the content may have been delivered, for the connection was
	// lost after its final dot and before the reply to it.
	Ambiguous bool `json:"ambiguous,omitempty"`

	Err    error `json:"-"` // the cause; nil where the reply or the message is it
	Status int   `json:"-"` // of an answer over HTTP; 0: the code's
}

// New makes a failure with a message and what to do about it.
func New(code Code, message string, hint Hint) *Error {
	return &Error{Code: code, Message: message, Hint: hint}
}

// Of returns the failure that err is or wraps. Anything else is a fault of the
// plugin.
func Of(err error) *Error {
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	return &Error{Code: Internal, Err: err}
}

// Error is what went wrong: in words of its own, or with the stage and the relay's
// words, or the cause. The hint is apart.
func (e *Error) Error() string {
	if e.Message != "" {
		return e.Message
	}
	var parts []string
	if e.Stage != "" {
		parts = append(parts, string(e.Stage))
	}
	if e.Reply.Code != 0 {
		parts = append(parts, e.Reply.String())
	}
	if e.Err != nil {
		words := e.Err.Error()
		if e.Stage != "" {
			words = Bounded(withoutStage(words, e.Stage)) // a certificate may name much
		}
		parts = append(parts, words)
	}
	text := strings.Join(parts, ": ")
	if e.Ambiguous {
		text += " (the mail may have been delivered)"
	}
	return text
}

// Advice is the error and its hint, in sentences.
func (e *Error) Advice() string {
	if e.English == "" {
		return e.Error()
	}
	return strings.TrimSuffix(e.Error(), ".") + ". " + e.English
}

// withoutStage is the words of a cause for behind the name of the stage: net
// says "dial tcp" itself, and crypto/tls "tls:", also after "remote error:".
func withoutStage(words string, stage Stage) string {
	for _, name := range []string{string(stage) + ": ", string(stage) + " tcp: ", string(stage) + " tcp "} {
		words = strings.TrimPrefix(words, name)
		words = strings.ReplaceAll(words, ": "+name, ": ")
	}
	return words
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Told is the error as an answer tells it: with its message.
func (e *Error) Told() *Error {
	told := *e
	told.Message = e.Error()
	return &told
}

// HTTPStatus is the status of an answer that tells it.
func (e *Error) HTTPStatus() int {
	return cmp.Or(e.Status, consequences[e.Code].status, http.StatusInternalServerError)
}

// Ours says that it is a fault of the plugin, and not of what is around it.
func (e *Error) Ours() bool { return e.Code == Internal }

// Temporary says that the same mail may pass later, with nothing changed.
func (e *Error) Temporary() bool {
	then := e.Code.Then()
	return then == Later || then == Release
}

// Sender says that the configuration is wrong and not the mail: nothing passes
// until someone acts.
func (e *Error) Sender() bool { return e.Code.Then() == Hold }
