package outbox

import "slices"

// event is what changes the state of a delivery.
type event string

const (
	// claimed: a process takes it for an attempt.
	claimed event = "claimed"
	// ended: an attempt has an outcome.
	ended event = "ended"
	// crashed: an attempt ended without an outcome once its envelope was begun.
	crashed event = "crashed"
	// retried and cancelled: a person asked for it.
	retried   event = "retried"
	cancelled event = "cancelled"
	// forgotten: nobody came for it in all its time.
	forgotten event = "forgotten"
)

// transitions lists the states that an event may leave a delivery in, by the
// state that it finds. What is not listed does not happen: final states are
// never left. Held is Queued here, for it is not stored.
var transitions = map[Status]map[event][]Status{
	Collecting: {
		claimed:   {Sending}, // its window ended
		retried:   {Collecting},
		cancelled: {Cancelled},
		forgotten: {Expired},
	},
	Queued: {
		claimed:   {Sending},
		retried:   {Queued},
		cancelled: {Cancelled},
		forgotten: {Sent, Partial, Failed, Expired},
	},
	Sending: {
		claimed:   {Sending}, // its lease ended
		ended:     {Queued, Sent, Partial, Failed, Expired},
		crashed:   {Queued, Sent, Partial, Failed, Expired},
		forgotten: {Sent, Partial, Failed, Expired}, // its lease ended
	},
}

// allowed says whether the table has the transition.
func allowed(from Status, e event, to Status) bool {
	return slices.Contains(transitions[from][e], to)
}

// possible says whether the event can happen to a delivery in that state.
func possible(from Status, e event) bool { return len(transitions[from][e]) > 0 }
