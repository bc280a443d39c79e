package outbox

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// inState is a delivery that is in the state s and was stored an hour ago.
func inState(s Status, recipients ...Status) Delivery {
	d := Delivery{
		ID: "id", Source: src, MailType: "normal", Owner: "me", Attempt: 3,
		CreatedAt: noon.Add(-time.Hour), ExpiresAt: noon.Add(23 * time.Hour), State: State{Status: s},
	}
	for i, r := range recipients {
		d.Recipients = append(d.Recipients, Recipient{Address: fmt.Sprintf("%c@example.com", 'a'+i), Position: i, Status: r})
	}
	return d
}

func (d delivery) expired() Delivery {
	d.ExpiresAt = noon
	return Delivery(d)
}

type delivery Delivery

// cells are examples of every cell of the table of transitions.
var cells = []struct {
	from Status
	event
	to     Status
	change func() store.Transition
}{
	{Collecting, retried, Collecting, func() store.Transition { return retry(inState(Collecting, Queued), time.Hour, noon) }},
	{Collecting, cancelled, Cancelled, func() store.Transition { return cancel(inState(Collecting, Queued), noon) }},
	{Collecting, forgotten, Expired, func() store.Transition { return forget(inState(Collecting, Queued), noon) }},
	{Queued, retried, Queued, func() store.Transition { return retry(inState(Queued, Queued), time.Hour, noon) }},
	{Queued, cancelled, Cancelled, func() store.Transition { return cancel(inState(Queued, Sent, Queued), noon) }},
	{Queued, forgotten, Expired, func() store.Transition { return forget(inState(Queued, Queued), noon) }},
	{Queued, forgotten, Partial, func() store.Transition { return forget(inState(Queued, Sent, Queued), noon) }},
	{Queued, forgotten, Sent, func() store.Transition { return forget(inState(Queued, Sent), noon) }},
	{Queued, forgotten, Failed, func() store.Transition { return forget(inState(Queued, Failed), noon) }},
	{Sending, forgotten, Expired, func() store.Transition { return forget(inState(Sending, Queued), noon) }},
	{Sending, forgotten, Partial, func() store.Transition { return forget(inState(Sending, Sent, Queued), noon) }},
	{Sending, forgotten, Sent, func() store.Transition { return forget(inState(Sending, Sent), noon) }},
	{Sending, forgotten, Failed, func() store.Transition { return forget(inState(Sending, Failed), noon) }},
	{Sending, ended, Queued, func() store.Transition { return decide(inState(Sending, Queued), defer4, nil, noon) }},
	{Sending, ended, Sent, func() store.Transition { return decide(inState(Sending, Queued), accept, nil, noon) }},
	{Sending, ended, Partial, func() store.Transition { return decide(inState(Sending, Failed, Queued), accept, nil, noon) }},
	{Sending, ended, Failed, func() store.Transition { return decide(inState(Sending, Queued), refuse5, nil, noon) }},
	{Sending, ended, Expired, func() store.Transition {
		return decide(delivery(inState(Sending, Queued)).expired(), defer4, nil, noon)
	}},
	{Sending, crashed, Queued, func() store.Transition { return crash(inState(Sending, Queued), 1, noon) }},
	{Sending, crashed, Sent, func() store.Transition { return crash(inState(Sending, Sent), 1, noon) }},
	{Sending, crashed, Failed, func() store.Transition { return crash(inState(Sending, Failed), 1, noon) }},
	{Sending, crashed, Partial, func() store.Transition {
		return crash(delivery(inState(Sending, Sent, Queued)).expired(), 9, noon)
	}},
	{Sending, crashed, Expired, func() store.Transition {
		return crash(delivery(inState(Sending, Queued)).expired(), 9, noon)
	}},
	// Claimed is the store's; its conformance suite has it.
	{Collecting, claimed, Sending, nil},
	{Queued, claimed, Sending, nil},
	{Sending, claimed, Sending, nil},
}

func TestEveryCellOfTheTableOfTransitions(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cells {
		name := fmt.Sprintf("%s, %s, %s", c.from, c.event, c.to)
		seen[name] = true
		if c.change == nil {
			continue
		}
		change := c.change()
		if change.To.Status != c.to || change.Of.Status != c.from {
			t.Errorf("%s: %+v", name, change)
		}
		if final := c.to.Final(); final == change.To.FinishedAt.IsZero() || final != change.To.DueAt.IsZero() {
			t.Errorf("%s: finished at %v, due at %v", name, change.To.FinishedAt, change.To.DueAt)
		}
	}
	for from, events := range transitions {
		for e, all := range events {
			for _, to := range all {
				if name := fmt.Sprintf("%s, %s, %s", from, e, to); !seen[name] {
					t.Errorf("no test for %s", name)
				}
				delete(seen, fmt.Sprintf("%s, %s, %s", from, e, to))
			}
		}
	}
	for name := range seen {
		t.Errorf("not in the table: %s", name)
	}
}

// TestWhatTheTableDoesNotHaveCannotHappen: final states are never left, nothing
// is taken back while it is being sent, and so on.
func TestWhatTheTableDoesNotHaveCannotHappen(t *testing.T) {
	changes := map[event]func(Delivery){
		ended:     func(d Delivery) { decide(d, accept, nil, noon) },
		crashed:   func(d Delivery) { crash(d, 1, noon) },
		retried:   func(d Delivery) { retry(d, time.Hour, noon) },
		cancelled: func(d Delivery) { cancel(d, noon) },
		forgotten: func(d Delivery) { forget(d, noon) },
	}
	for _, from := range Statuses() {
		for e, change := range changes {
			func() {
				defer func() {
					if happened := recover() == nil; happened != possible(stored(from), e) {
						t.Errorf("%s, %s: it happened: %t", from, e, happened)
					}
				}()
				change(inState(from, Queued))
			}()
		}
	}
}

func TestDiagramInTheDocumentationIsTheTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/outbox.md")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^    (\w+) --> (\w+): (\w+)`).FindAllStringSubmatch(string(page), -1) {
		drawn[fmt.Sprintf("%s, %s, %s", m[1], m[3], m[2])] = true
	}
	for from, events := range transitions {
		for e, all := range events {
			for _, to := range all {
				name := fmt.Sprintf("%s, %s, %s", from, e, to)
				if !drawn[name] {
					t.Errorf("not drawn: %s", name)
				}
				delete(drawn, name)
			}
		}
	}
	for name := range drawn {
		t.Errorf("drawn, and not in the table: %s", name)
	}
}

func TestOutcomeDecidesRecipientsAndState(t *testing.T) {
	a, b := "a@example.com", "b@example.com"
	result := func(address string, s Status) Result {
		return Result{Address: address, Status: s, Code: 1, Text: "words"}
	}
	for name, tt := range map[string]struct {
		outcome    Outcome
		want       Status
		recipients []Status
	}{
		"all accepted":                    {accept, Sent, []Status{Sent, Sent}},
		"all refused":                     {refuse5, Failed, []Status{Failed, Failed}},
		"one refused":                     {Outcome{Results: []Result{result(a, Sent), result(b, Failed)}}, Partial, []Status{Sent, Failed}},
		"one put off":                     {Outcome{Results: []Result{result(a, Sent), result(b, Queued)}}, Queued, []Status{Sent, Queued}},
		"one refused, one put off":        {Outcome{Results: []Result{result(a, Failed), result(b, Queued)}}, Queued, []Status{Failed, Queued}},
		"one not named":                   {Outcome{Results: []Result{result(a, Sent)}}, Queued, []Status{Sent, Queued}},
		"the rest":                        {Outcome{Results: []Result{result(a, Failed)}, Rest: &Result{Status: Sent}}, Partial, []Status{Failed, Sent}},
		"nothing known":                   {Outcome{}, Queued, []Status{Queued, Queued}},
		"a state that is no verdict":      {Outcome{Rest: &Result{Status: Expired}}, Queued, []Status{Queued, Queued}},
		"held, though one has it":         {Outcome{Verdict: Hold, Results: []Result{result(a, Sent)}}, Queued, []Status{Sent, Queued}},
		"given back, though all have it":  {Outcome{Verdict: Release, Rest: &Result{Status: Sent}}, Sent, []Status{Sent, Sent}},
		"somebody who is not a recipient": {Outcome{Results: []Result{result("x@example.com", Sent)}}, Queued, []Status{Queued, Queued}},
	} {
		d := inState(Sending, Queued, Queued)
		got := after(d, decide(d, tt.outcome, nil, noon))
		if got.Status != tt.want || got.Recipients[0].Status != tt.recipients[0] || got.Recipients[1].Status != tt.recipients[1] {
			t.Errorf("%s: %s, recipients %+v", name, got.Status, got.Recipients)
		}
	}
}

func TestPauseBeforeARetryGrows(t *testing.T) {
	d := inState(Sending, Queued)
	for retries, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 600, 600, 600} {
		want *= time.Second
		to := decide(d, defer4, nil, noon).To
		if pause := to.DueAt.Sub(noon); to.Retries != retries+1 || pause < want*4/5 || pause > min(want*6/5, maxBackoff) {
			t.Errorf("retry %d after %s, want about %s", to.Retries, to.DueAt.Sub(noon), want)
		}
		d.State = to
		d.Status = Sending
	}
	d = inState(Sending, Queued)
	d.ExpiresAt = noon.Add(time.Second)
	if to := decide(d, defer4, nil, noon).To; !to.DueAt.Equal(d.ExpiresAt) {
		t.Errorf("the last attempt is at %v and not at the end", to.DueAt)
	}
}

func TestWhatSaysNothingOfTheMailIsNotCounted(t *testing.T) {
	d := inState(Sending, Queued)
	d.Retries, d.Unreachable = 4, true
	early := d
	early.Early = true
	refused := &store.Pause{Reason: "535"}
	for name, tt := range map[string]struct {
		d     Delivery
		out   Outcome
		pause *store.Pause
		want  State
	}{
		"given back":                        {d, Outcome{Verdict: Release}, nil, State{Status: Queued, DueAt: noon, Retries: 4, Unreachable: true}},
		"the sender is refused":             {d, hold, nil, State{Status: Queued, DueAt: noon, Retries: 4, Unreachable: true}},
		"put off while its sender is":       {d, defer4, refused, State{Status: Queued, DueAt: noon, Retries: 4, Unreachable: true}},
		"early, and the relay still away":   {early, unreachable, nil, State{Status: Queued, Reason: "connection refused", Retries: 4, Unreachable: true}},
		"in its time, and still away":       {d, unreachable, nil, State{Status: Queued, Reason: "connection refused", Retries: 5, Unreachable: true}},
		"early, and put off by the relay":   {early, defer4, nil, State{Status: Queued, Reason: "try later", Retries: 5}},
		"past its time, its sender refused": {delivery(d).expired(), hold, nil, State{Status: Queued, DueAt: noon, Retries: 4, Unreachable: true}},
	} {
		got := decide(tt.d, tt.out, tt.pause, noon).To
		if tt.want.DueAt.IsZero() {
			if pause := got.DueAt.Sub(noon); pause < firstBackoff*4/5 {
				t.Errorf("%s: due in %s", name, pause)
			}
			got.DueAt = time.Time{}
		}
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestRecipientsThatWaitedAreLeftOut(t *testing.T) {
	waits := func(d Delivery) Delivery {
		d.Recipients[1].Waits = true
		return d
	}
	d := waits(inState(Sending, Queued, Queued))
	if got := after(d, decide(d, accept, nil, noon)); got.Status != Queued || !got.DueAt.Equal(noon) || got.Retries != 0 ||
		got.Recipients[0].Status != Sent || got.Recipients[1].Status != Queued {
		t.Errorf("%+v", got)
	}
	d = waits(delivery(inState(Sending, Queued, Queued)).expired())
	if got := after(d, decide(d, defer4, nil, noon)); got.Status != Queued || !got.DueAt.Equal(noon) ||
		got.Recipients[0].Status != Expired || got.Recipients[1].Status != Queued {
		t.Errorf("past its time: %+v", got)
	}
}

func TestMailWhoseRelayNeverAnswersIsSentThreeTimes(t *testing.T) {
	unheard := Outcome{Ambiguous: true, Rest: &Result{Status: Queued, Text: "connection lost"}, Text: "connection lost"}
	d := inState(Sending, Queued)
	for n := 1; n <= 2; n++ {
		to := decide(d, unheard, nil, noon).To
		if to.Status != Queued || to.Uncertain != n || to.DueAt.Sub(noon) != maxBackoff {
			t.Fatalf("copy %d: %+v", n, to)
		}
		d.State = to
		d.Status = Sending
	}
	got := after(d, decide(d, unheard, nil, noon))
	if got.Status != Failed || !strings.Contains(got.Reason, "may have it") || !strings.Contains(got.Recipients[0].Text, "sent 3 times") {
		t.Errorf("%+v", got)
	}

	// Of an individual mail only those whose copies they were are given up.
	d = inState(Sending, Queued, Queued)
	d.Uncertain = 2
	got = after(d, decide(d, Outcome{Ambiguous: true, Results: []Result{
		{Address: "a@example.com", Status: Queued, Ambiguous: true}, {Address: "b@example.com", Status: Queued, Text: "451"},
	}}, nil, noon))
	if got.Status != Queued || got.Recipients[0].Status != Failed || got.Recipients[1].Status != Queued {
		t.Errorf("%+v", got.Recipients)
	}
	// And who surely has none does not wait for who may.
	d.Uncertain = 0
	to := decide(d, Outcome{Ambiguous: true, Results: []Result{{Address: "a@example.com", Status: Queued, Ambiguous: true}}}, nil, noon).To
	if to.Uncertain != 1 || to.DueAt.Sub(noon) > 2*firstBackoff {
		t.Errorf("due in %s", to.DueAt.Sub(noon))
	}
}

func TestMailThatSeemsToEndTheProcessIsTriedMoreAndMoreRarely(t *testing.T) {
	d := inState(Sending, Queued)
	for lost, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		to := crash(d, lost+1, noon).To
		if to.Status != Queued || to.Lost != lost+1 || to.DueAt.Sub(noon) != want*time.Minute {
			t.Errorf("after %d: %s, due in %s", lost+1, to.Status, to.DueAt.Sub(noon))
		}
	}
	if to := decide(Delivery{State: State{Status: Sending, Lost: 3}, ExpiresAt: noon.Add(1), Recipients: d.Recipients}, defer4, nil, noon).To; to.Lost != 0 {
		t.Errorf("an outcome leaves %d", to.Lost)
	}
	if to := crash(delivery(d).expired(), 20, noon).To; to.Status != Expired || !strings.Contains(to.Reason, "process ended each time") {
		t.Errorf("%+v", to)
	}
}

func TestReasonOfAPartialDeliveryIsTheRefusal(t *testing.T) {
	d := inState(Sending, Failed, Queued)
	d.Recipients[0].Text = "no such user"
	if to := decide(d, accept, nil, noon).To; to.Status != Partial || to.Reason != "no such user" {
		t.Errorf("%+v", to)
	}
}

func TestTheSameDecisionTwice(t *testing.T) {
	d := inState(Sending, Queued, Queued)
	before := fmt.Sprintf("%+v", d)
	first, second := decide(d, defer4, nil, noon), decide(d, defer4, nil, noon)
	if fmt.Sprint(first.To) != fmt.Sprint(second.To) || fmt.Sprintf("%+v", d) != before {
		t.Error("decide is not pure")
	}
}
