package alert

// Reasons of refusals, the values of the metric's label.
const (
	ReasonSignature  = "signature"  // missing, malformed, wrong or out of time
	ReasonReplayed   = "replayed"   // a signature that was used for another request
	ReasonRole       = "role"       // the caller may not act
	ReasonBody       = "body"       // not a payload, or too large
	ReasonParameter  = "parameter"  // a query parameter is unknown or wrong
	ReasonRecipients = "recipients" // not allowed, none, or too many
)

// Refusal is why a request was not accepted, in words for its sender. It holds
// no secret.
type Refusal struct {
	Status  int    // the HTTP status
	Reason  string // one of the Reason constants
	Message string // what is wrong
	Hint    string // what to do about it
}

// Error is the message and the hint.
func (r *Refusal) Error() string { return r.Message + ": " + r.Hint }
