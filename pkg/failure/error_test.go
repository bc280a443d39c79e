package failure

import (
	"encoding/json"
	"io"
	"reflect"
	"testing"
)

// TestWhatFollowsFromAFailure is the table of consequences, for every code that an
// attempt may end with.
func TestWhatFollowsFromAFailure(t *testing.T) {
	for code, want := range map[Code]struct {
		temporary, sender bool
		elsewhere         Elsewhere
	}{
		Transient: {temporary: true, elsewhere: IfServed},
		Permanent: {elsewhere: IfServed},
		Closing:   {temporary: true, elsewhere: IfLost},
		Network:   {temporary: true, elsewhere: IfLost},
		Timeout:   {temporary: true},
		TLS:       {sender: true},
		Refused:   {sender: true, elsewhere: IfServed},
		Protocol:  {temporary: true},
		Local:     {},
		Cancelled: {temporary: true},
	} {
		e := &Error{Code: code}
		if e.Temporary() != want.temporary || e.Sender() != want.sender || code.Elsewhere() != want.elsewhere || e.HTTPStatus() != 502 || e.Ours() {
			t.Errorf("%s: temporary %t, sender %t, elsewhere %d, %d", code, e.Temporary(), e.Sender(), code.Elsewhere(), e.HTTPStatus())
		}
	}
	if e := (&Error{Code: "another"}); e.HTTPStatus() != 500 {
		t.Errorf("a code that has no line in the table is answered with %d", e.HTTPStatus())
	}
}

// TestErrorIsReadBackFromItsJSON: the message comes first, for Grafana shows only
// the beginning of an answer.
func TestErrorIsReadBackFromItsJSON(t *testing.T) {
	e := (&Error{Code: Refused, Stage: "auth", Reply: Reply{535, "5.7.8", "no"}, Hint: Nobody.With("address", "mail:25")}).Told()
	got, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"error":"auth: 535 5.7.8 no","code":"refused","hint":"Nothing listens on mail:25: check host and port.","hintId":"nobody","hintArgs":{"address":"mail:25"},"stage":"auth","reply":{"code":535,"enhancedCode":"5.7.8","text":"no"}}`; string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	var back Error
	if err := json.Unmarshal(got, &back); err != nil || !reflect.DeepEqual(&back, e) {
		t.Errorf("%+v, %v; want %+v", back, err, e)
	}
	if got, _ := json.Marshal((&Error{Code: Network, Err: io.EOF}).Told()); string(got) != `{"error":"EOF","code":"network"}` {
		t.Errorf("%s", got)
	}
}
