package alert

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Senders other than Grafana write some fields in their own way.

// sentAlert reads an Alert. Its fields shadow those of the embedded one.
type sentAlert struct {
	Alert
	StartsAt sentTime    `json:"startsAt"`
	EndsAt   sentTime    `json:"endsAt"`
	OrgID    sentInteger `json:"orgId"`
}

// read reads the next alert.
func (s *sentAlert) read(dec *jsontext.Decoder) (Alert, error) {
	*s = sentAlert{}
	err := json.UnmarshalDecode(dec, s)
	s.Alert.StartsAt, s.Alert.EndsAt, s.Alert.OrgID = time.Time(s.StartsAt), time.Time(s.EndsAt), int64(s.OrgID)
	return s.Alert, err
}

// sentTime is a time; an empty string is none.
type sentTime time.Time

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (t *sentTime) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*t = sentTime{}
	if string(value) == `""` {
		return nil
	}
	return (*time.Time)(t).UnmarshalJSON(value)
}

// sentInteger is a number, also in quotation marks; none in them is 0.
type sentInteger int64

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (n *sentInteger) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	if dec.PeekKind() != '"' {
		return json.UnmarshalDecode(dec, (*int64)(n))
	}
	text, err := dec.ReadToken()
	if err != nil {
		return err
	}
	var value int64
	if text.String() != "" {
		value, err = strconv.ParseInt(text.String(), 10, 64)
	}
	*n = sentInteger(value)
	return err
}

// status is a status in lower case, if it is one.
func status(s string) string {
	for _, known := range []string{Firing, Resolved} {
		if strings.EqualFold(s, known) {
			return known
		}
	}
	return s
}
