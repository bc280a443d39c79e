package api

// Status is what became of a mail at the service.
type Status string

// The statuses. Unknown stands for every code that is not documented.
const (
	Preparing  Status = "preparing"
	Scheduled  Status = "scheduled"
	Sending    Status = "sending"
	Sent       Status = "sent"       // by the service; whether it was received is not confirmed
	Delivered  Status = "delivered"  // the recipient's server accepted it
	Failed     Status = "failed"     // the service gave up
	Refused    Status = "refused"    // the recipient has unsubscribed from this sender
	Unverified Status = "unverified" // the sender's domain is not verified
	Whitelist  Status = "whitelist"  // the recipient is not on the whitelist
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

// statusOf reads a code. SST2 is documented as completed when the mail is received, so
// it means Delivered unless the row says that the mail was not received.
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
