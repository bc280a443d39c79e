package api

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// StatsFor is how far back the statistics of the service go.
const StatsFor = 30 * 24 * time.Hour

// Event is something that happens to a mail and that the service counts.
type Event string

// The events of a mail.
const (
	EventRequested Event = "requested"
	EventSent      Event = "sent"
	EventFailed    Event = "failed"
	EventReceived  Event = "received"
	EventOpened    Event = "opened"
)

// Events lists them in the order of a mail's life.
func Events() []Event {
	return []Event{EventRequested, EventSent, EventFailed, EventReceived, EventOpened}
}

var events = map[string]Event{
	"REQUESTED": EventRequested, "SENT": EventSent, "SENT_FAILED": EventFailed, "RECEIVED": EventReceived, "OPENED": EventOpened,
}

// Unit is the length of time that one count covers.
type Unit string

// The units of the service. Its days begin at midnight in Korea.
const (
	Minutes Unit = "MINUTES"
	Hours   Unit = "HOURS"
	Days    Unit = "DAYS"
)

// Count is how often an event happened in one unit of time.
type Count struct {
	Time   time.Time // when the unit begins
	Domain string    // of the recipients; empty for all
	Event  Event
	N      float64
}

// Stats reads the counts of mail that was sent over SMTP with the AppKey from one domain.
// Others may send with the same AppKey from other domains, and their mail must neither
// fire this data source's alert rules nor be shown to its Viewers. With byDomain there is
// a count for each domain of the recipients.
func (c *Client) Stats(ctx context.Context, senderDomain string, from, to time.Time, unit Unit, byDomain bool) ([]Count, error) {
	const layout = "2006-01-02T15:04:05.000-07:00"
	query := url.Values{
		"eventCategory":  {"MESSAGE"},
		"extra1s":        {"SMTP"},
		"extra2s":        {senderDomain},
		"statisticsType": {"NORMAL"},
		"timeUnit":       {string(unit)},
		"statsCriteria":  {"EVENT"},
		"from":           {from.Truncate(time.Minute).In(Korea).Format(layout)},
		"to":             {to.Add(time.Minute - 1).Truncate(time.Minute).In(Korea).Format(layout)},
	}
	if byDomain {
		query.Set("statsCriteria", "EXTRA_3")
	}
	body, err := c.ask(ctx, "/stats", query)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Stats []statsRow `json:"stats"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil, errNotTheAPI
	}
	var counts []Count
	for _, row := range answer.Stats {
		counted, err := c.counts(row, byDomain)
		if err != nil {
			return nil, err
		}
		counts = append(counts, counted...)
	}
	return counts, nil
}

// statsRow is what happened in one unit of time.
type statsRow struct {
	EventDateTime string             `json:"eventDateTime"`
	Events        map[string]float64 `json:"events"`
}

func (c *Client) counts(row statsRow, byDomain bool) (counts []Count, err error) {
	at, err := time.Parse(time.RFC3339, row.EventDateTime)
	if err != nil {
		return nil, errNotTheAPI
	}
	for name, n := range row.Events {
		// A name is an event, or the value of the criterion, a dot and an event. A domain
		// has dots itself, so the last one counts.
		domain, event := "", name
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
			domain, event = name[:dot], name[dot+1:]
		}
		if !byDomain {
			domain = ""
		}
		if known, ok := events[event]; ok {
			counts = append(counts, Count{Time: at, Domain: c.words(domain), Event: known, N: n})
		}
	}
	return counts, nil
}
