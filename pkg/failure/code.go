package failure

import "net/http"

// Code is the kind of a failure, in a word for programs. Answers, the log and the
// metrics have the same.
type Code string

// What an attempt at a mail fails with, or a question to the service's API.
const (
	Transient Code = "transient" // 4yz: the same mail may pass later
	Permanent Code = "permanent" // 5yz: the mail, or one recipient, is refused for good
	Closing   Code = "closing"   // 421: the relay closes the connection
	Network   Code = "network"   // there is no connection, or it was lost
	Timeout   Code = "timeout"   // nothing came in time
	TLS       Code = "tls"       // the relay cannot be trusted, or offers no TLS
	Refused   Code = "refused"   // the relay refuses the sender, not the mail: credentials, AUTH missing
	Protocol  Code = "protocol"  // the relay said what SMTP does not allow there
	Local     Code = "local"     // the mail or the configuration is not fit to send
	Cancelled Code = "cancelled" // given up on this side
)

// What a request fails with.
const (
	Signature   Code = "signature"    // missing, malformed, wrong or out of time
	Replayed    Code = "replayed"     // a signature that was used for another request
	Role        Code = "role"         // the caller may not do this
	Body        Code = "body"         // not what the route reads, or too large
	ContentType Code = "content-type" // not JSON
	Parameter   Code = "parameter"    // of the URL or of a query: unknown or wrong
	Recipients  Code = "recipients"   // not allowed, none, or too many
	Content     Code = "content"      // no mail can be made of the notification
	Template    Code = "template"     // a preview's template fails
	Settings    Code = "settings"     // the data source's settings are not valid
	Rate        Code = "rate"         // too many requests
	Method      Code = "method"       // not one of the route
	Route       Code = "route"        // there is none
	NotFound    Code = "not-found"    // there is no such delivery
	State       Code = "state"        // the delivery's state does not allow it
	Held        Code = "held"         // the mail is kept, and its sender is paused
	Failed      Code = "failed"       // the mail was refused for good
	NotDurable  Code = "not-durable"  // the mail waits in memory only
	Outbox      Code = "outbox"       // it cannot be used
	OutboxFull  Code = "outbox-full"  // too much waits
	Unavailable Code = "unavailable"  // the plugin stops, or the time of the request is up
	Internal    Code = "internal"     // a fault of the plugin
)

// Then is what follows for the mail, or the recipient, that met a failure.
type Then int

const (
	// Final: it is refused for good.
	Final Then = iota
	// Later: it is tried again later, with nothing changed.
	Later
	// Hold: it is kept and its sender paused. Nothing passes until someone acts.
	Hold
	// Release: it goes back to the queue as if it had not been tried.
	Release
)

// Elsewhere is whether a mail is tried at once on another connection.
type Elsewhere int

const (
	// Never: another connection meets the same.
	Never Elsewhere = iota
	// IfLost: the connection is lost, and the mail has had no part in that.
	IfLost
	// IfServed: the session has served before, and may be what is refused.
	IfServed
)

// consequences is the one table of what follows from a failure.
var consequences = map[Code]struct {
	elsewhere Elsewhere
	then      Then
	status    int // of an answer over HTTP
}{
	Transient: {IfServed, Later, http.StatusBadGateway},
	Permanent: {IfServed, Final, http.StatusBadGateway},
	Closing:   {IfLost, Later, http.StatusBadGateway},
	Network:   {IfLost, Later, http.StatusBadGateway},
	Timeout:   {Never, Later, http.StatusBadGateway},
	TLS:       {Never, Hold, http.StatusBadGateway},
	Refused:   {IfServed, Hold, http.StatusBadGateway},
	Protocol:  {Never, Later, http.StatusBadGateway},
	Local:     {Never, Final, http.StatusBadGateway},
	Cancelled: {Never, Release, http.StatusBadGateway},

	Signature:   {status: http.StatusUnauthorized},
	Replayed:    {status: http.StatusForbidden},
	Role:        {status: http.StatusForbidden},
	Body:        {status: http.StatusBadRequest},
	ContentType: {status: http.StatusUnsupportedMediaType},
	Parameter:   {status: http.StatusBadRequest},
	Recipients:  {status: http.StatusForbidden},
	Content:     {status: http.StatusUnprocessableEntity},
	Template:    {status: http.StatusUnprocessableEntity},
	Settings:    {status: http.StatusInternalServerError},
	Rate:        {status: http.StatusTooManyRequests},
	Method:      {status: http.StatusMethodNotAllowed},
	Route:       {status: http.StatusNotFound},
	NotFound:    {status: http.StatusNotFound},
	State:       {status: http.StatusConflict},
	Held:        {status: http.StatusBadGateway},
	Failed:      {status: http.StatusBadGateway},
	NotDurable:  {status: http.StatusServiceUnavailable},
	Outbox:      {status: http.StatusServiceUnavailable},
	OutboxFull:  {status: http.StatusServiceUnavailable},
	Unavailable: {status: http.StatusServiceUnavailable},
	Internal:    {then: Later, status: http.StatusInternalServerError},
}

// Elsewhere says whether a mail is tried at once on another connection.
func (c Code) Elsewhere() Elsewhere { return consequences[c].elsewhere }

// Then says what follows for the mail.
func (c Code) Then() Then { return consequences[c].then }
