package store

import "time"

// MaxLimit bounds what List returns at once.
const MaxLimit = 1000

// Filter selects deliveries. Empty fields select all, but Source is required.
type Filter struct {
	Source   string
	From, To time.Time // CreatedAt in [From, To)
	Statuses []Status
	// MailTypes holds "" for mail without a type.
	MailTypes  []string
	Recipients []string // parts of addresses, one of which matches
	Text       string   // part of the subject, the reason or the Message-ID
	Limit      int      // at most, and by default, MaxLimit
	Cursor     string   // from the Page before
}

// Page is what List found, the newest first, without mail and attempts.
type Page struct {
	Deliveries []Delivery
	Next       string // the cursor of the next page; empty: there is none
	// SearchedTo is not zero where the search ended before the page was full,
	// because its time was up: there may be more before that time, from Next on.
	SearchedTo time.Time
}

// Stat counts the deliveries of one status and mail type in one interval. A
// final delivery counts when it became final, another when it was accepted.
type Stat struct {
	Time     time.Time // when the interval begins
	Status   Status
	MailType string
	Count    int64
	// Latencies tell how long the deliveries took from acceptance to their final
	// state, the shortest first, exact to a tenth; none while not final.
	Latencies []Latency
}

// Latency counts deliveries that took about as long.
type Latency struct {
	Value time.Duration
	Count int64
}

// Depth is what waits for delivery.
type Depth struct {
	Count  map[Status]int64 // Queued, Sending, Held
	Bytes  int64
	Oldest time.Duration // age of the longest accepted; 0: nothing waits
}
