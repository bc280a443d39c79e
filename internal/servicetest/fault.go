package servicetest

import (
	"bytes"
	"fmt"
	"net/http"
)

// Fault is an order to misbehave.
type Fault struct {
	act     func(*Service, http.ResponseWriter, *http.Request)
	release <-chan struct{} // nil: at once
}

// Status has the service answer with a status and a page that is not its own.
func Status(code int) Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>"+http.StatusText(code)+"</html>", code)
	}}
}

// Refuse has it answer with the status 200 and a code of its list of errors.
func Refuse(code int, message string) Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, _ *http.Request) { refuse(w, code, message) }}
}

// Echo has it refuse and repeat what it was sent.
func Echo() Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, r *http.Request) {
		refuse(w, -1004, fmt.Sprintf("Invalid secretKey. %s", r.Header.Get("X-Secret-Key")))
	}}
}

// Redirect has it send the client to another address.
func Redirect(to string) Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	}}
}

// Body has it answer with the status 200 and this body.
func Body(text string) Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }}
}

// Slow has it say nothing until the client gives up.
func Slow() Fault {
	return Fault{act: func(s *Service, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-s.ended:
		}
	}}
}

// Hold has it answer only when release is closed.
func Hold(release <-chan struct{}) Fault { return Fault{release: release} }

// Endless has it answer with a body without end.
func Endless() Fault {
	return Fault{act: func(s *Service, w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"},"body":{"data":[`))
		row := bytes.Repeat([]byte(`{"title":"x"},`), 1000)
		for r.Context().Err() == nil {
			if _, err := w.Write(row); err != nil {
				return
			}
			select {
			case <-s.ended:
				return
			default:
			}
		}
	}}
}
