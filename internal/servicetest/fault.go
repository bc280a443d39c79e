package servicetest

import (
	"bytes"
	"fmt"
	"net/http"
)

// Fault is how the service misbehaves.
type Fault struct {
	act     func(*Service, http.ResponseWriter, *http.Request)
	release <-chan struct{} // the answer waits for it; nil: no wait
}

// Status makes the service answer with an HTTP status and a web page.
func Status(code int) Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>"+http.StatusText(code)+"</html>", code)
	}}
}

// Refuse makes the service answer with the status 200 and one of its error codes.
func Refuse(code int, message string) Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, _ *http.Request) { refuse(w, code, message) }}
}

// Echo makes the service reject a request and repeat the SecretKey that it was sent.
func Echo() Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, r *http.Request) {
		refuse(w, -1004, fmt.Sprintf("Invalid secretKey. %s", r.Header.Get("X-Secret-Key")))
	}}
}

// Redirect makes the service redirect the client to another address.
func Redirect(to string) Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	}}
}

// Body makes the service answer with the status 200 and this body.
func Body(text string) Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }}
}

// HangUp has it close the connection in place of an answer, or within one that begins
// with text.
func HangUp(text string) Fault {
	return Fault{act: func(_ *Service, w http.ResponseWriter, _ *http.Request) {
		if text != "" {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write([]byte(text))
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}}
}

// Slow makes the service not answer before the client gives up.
func Slow() Fault {
	return Fault{act: func(s *Service, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-s.ended:
		}
	}}
}

// Hold makes the service wait with its answer until release is closed.
func Hold(release <-chan struct{}) Fault { return Fault{release: release} }

// Endless makes the service answer with a body without end.
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
