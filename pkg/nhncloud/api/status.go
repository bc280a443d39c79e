package api

// Status is what the service says of a mail, in a word.
type Status string

// The statuses. Unknown is any code that its documentation does not have.
const (
	Preparing  Status = "preparing"
	Scheduled  Status = "scheduled"
	Sending    Status = "sending"
	Sent       Status = "sent"       // by the service, and it does not say that it was received
	Delivered  Status = "delivered"  // the recipient's server took it
	Failed     Status = "failed"     // it was given up
	Refused    Status = "refused"    // the recipient wants no mail from this sender
	Unverified Status = "unverified" // the sender's domain is not verified
	Whitelist  Status = "whitelist"  // the recipient is not on the white list
	Unknown    Status = "unknown"
)

// Statuses lists them in the order of a mail's life.
func Statuses() []Status {
	return []Status{Preparing, Scheduled, Sending, Sent, Delivered, Failed, Refused, Unverified, Whitelist, Unknown}
}

var statuses = map[string]Status{
	"SST0": Preparing, "SST1": Sending, "SST2": Delivered, "SST3": Failed,
	"SST4": Scheduled, "SST5": Refused, "SST7": Unverified, "SST8": Whitelist,
}

// statusOf reads a code. SST2 is documented as completed when the mail is received;
// only a row that says otherwise is taken for less.
func statusOf(code string, received *bool) Status {
	status, known := statuses[code]
	switch {
	case !known:
		return Unknown
	case status == Delivered && received != nil && !*received:
		return Sent
	}
	return status
}
