package api

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// StatsFor is how far back the service answers for its statistics.
const StatsFor = 30 * 24 * time.Hour

// Event is what the service counts.
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

// Unit is the length of time that a count is of.
type Unit string

// The units of the service. Its days begin at Korea's midnight.
const (
	Minutes Unit = "MINUTES"
	Hours   Unit = "HOURS"
	Days    Unit = "DAYS"
)

// Count is how often something happened in one unit of time.
type Count struct {
	Time   time.Time // when the unit begins
	Domain string    // of the recipients; empty for all
	Event  Event
	N      float64
}

// Stats counts what became of the mail that was sent over SMTP with the AppKey, by any
// sender. byDomain has counts for each domain of the recipients.
func (c *Client) Stats(ctx context.Context, from, to time.Time, unit Unit, byDomain bool) ([]Count, error) {
	const layout = "2006-01-02T15:04:05.000-07:00"
	query := url.Values{
		"eventCategory":  {"MESSAGE"},
		"extra1s":        {"SMTP"},
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
		Stats []struct {
			EventDateTime string             `json:"eventDateTime"`
			Events        map[string]float64 `json:"events"`
		} `json:"stats"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil, errNotTheAPI
	}
	var counts []Count
	for _, row := range answer.Stats {
		at, err := time.Parse(time.RFC3339, row.EventDateTime)
		if err != nil {
			return nil, errNotTheAPI
		}
		for name, n := range row.Events {
			// The name of an event comes behind the value of the criterion, and a domain
			// has dots itself.
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
	}
	return counts, nil
}
