package outbox

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
)

// The model check drives two engines on one store through thousands of
// interleavings of what can happen to them, and compares what the relay got with
// what was promised: nothing acknowledged is lost, nothing comes twice but what
// the relay did not answer or a process died over, and no recipient gets the
// mails of a conversation out of order. Some mail is braked: then a digest tells of it,
// once and in its place.
//
// OUTBOX_MODEL_SEED repeats a run, OUTBOX_MODEL_RUNS sets how many there are.

// relay is the other side: what it was sent, in the order in which it came.
type relay struct {
	mu       sync.Mutex
	content  map[string][]string       // by recipient, the ids of the mails
	doubtful map[string]map[string]int // by recipient and mail, copies that may be one too many
}

func newRelay() *relay {
	return &relay{content: map[string][]string{}, doubtful: map[string]map[string]int{}}
}

// take is one transaction.
func (r *relay) take(d Delivery, verdict string, pick func(n int) int) Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch verdict {
	case "away":
		return unreachable
	case "451":
		return defer4
	case "550":
		return refuse5
	case "535":
		return hold
	}
	out := Outcome{Stage: "message", Text: verdict}
	pending := d.Pending()
	deferred := -1
	if verdict == "greylisted" && len(pending) > 1 {
		deferred = pick(len(pending))
	}
	for i, to := range pending {
		if i == deferred {
			out.Results = append(out.Results, Result{Address: to.Address, Status: Queued, Code: 451, Text: "greylisted"})
			continue
		}
		r.content[to.Address] = append(r.content[to.Address], d.ID)
		result := Result{Address: to.Address, Status: Sent, Code: 250, Text: "taken"}
		if verdict == "unheard" {
			out.Ambiguous = true
			result = Result{Address: to.Address, Status: Queued, Text: "connection lost", Ambiguous: true}
			r.doubt(to.Address, d.ID)
		}
		out.Results = append(out.Results, result)
	}
	return out
}

// doubt notes a copy whose acceptance this side may not remember.
func (r *relay) doubt(address, id string) {
	if r.doubtful[address] == nil {
		r.doubtful[address] = map[string]int{}
	}
	r.doubtful[address][id]++
}

// replica is a process of the model.
type replica struct {
	*Outbox
	faults *faults
	detach func(context.Context) error
	jobs   chan attempt
}

type attempt struct {
	r      *replica
	job    Job
	ctx    context.Context
	answer chan Outcome
}

// model is one run.
type model struct {
	*fixture
	ticks    *clock // passes; the fixture's clock may also be set
	rand     *rand.Rand
	relay    *relay
	replicas [2]*replica
	accepted map[string]Delivery // acknowledged, by id
	told     map[string][]string // by digest that was attempted, the ids of the mails
	saved    time.Time
	pending  []attempt // begun, and not answered
	sent     int
	log      []string
}

func (m *model) note(format string, args ...any) {
	m.log = append(m.log, fmt.Sprintf(format, args...))
}

func (m *model) boot(i int) {
	r := &replica{faults: &faults{}, jobs: make(chan attempt, 1000)}
	r.Outbox = m.openWith(r.faults, func(o *Options) {
		o.monotonic = m.ticks.Now
		o.Poll, o.Renew = time.Millisecond, time.Hour // settle renews the leases
		o.MaxAge = 4 * time.Hour
	})
	m.replicas[i] = r
	m.attachReplica(r)
}

func (m *model) attachReplica(r *replica) {
	detach, err := r.Attach(Attachment{Source: src, Slots: 8, SettingsUpdated: m.saved, Handler: newModelHandler(r)})
	if err != nil {
		m.Fatal(err)
	}
	r.detach = detach
}

// newModelHandler hands attempts to the model, and asks the relay nothing itself.
func newModelHandler(r *replica) Handler {
	return modelHandler{deliver(func(ctx context.Context, job Job) Outcome {
		a := attempt{r, job, ctx, make(chan Outcome, 1)}
		r.jobs <- a
		select {
		case out := <-a.answer:
			return out
		case <-ctx.Done():
			select {
			case out := <-a.answer: // it came to an end before
				return out
			default:
				return Outcome{Verdict: Release, Text: context.Cause(ctx).Error()}
			}
		}
	})}
}

type modelHandler struct{ deliver }

func (modelHandler) Probe(context.Context, string) error { return nil }

// collect takes in what has begun.
func (m *model) collect() {
	for _, r := range m.replicas {
		for {
			select {
			case a := <-r.jobs:
				m.pending = append(m.pending, a)
				continue
			default:
			}
			break
		}
	}
}

// answer lets the relay take one of the attempts, and waits until that is stored.
func (m *model) answer(verdict string) {
	if a, ok := m.take(verdict); ok {
		m.await(a)
	}
}

// take lets the relay take one of the attempts, if there is one.
func (m *model) take(verdict string) (a attempt, taken bool) {
	m.collect()
	if len(m.pending) == 0 {
		return a, false
	}
	i := m.rand.IntN(len(m.pending))
	a = m.pending[i]
	m.pending = slices.Delete(m.pending, i, i+1)
	if err := a.job.Begin(); err != nil || a.ctx.Err() != nil {
		a.answer <- Outcome{Verdict: Release, Text: "not begun"}
		return a, false
	}
	if a.job.Digest() {
		m.read(a)
	}
	m.note("attempt %d of %s at %v: %s", a.job.Attempt, a.job.Identity, len(a.job.Pending()), verdict)
	a.answer <- m.relay.take(a.job.Delivery, verdict, m.rand.IntN)
	return a, true
}

// read notes what a digest tells, which is the same in every attempt.
func (m *model) read(a attempt) {
	var told []string
	if err := a.r.Notes(m.Context(), a.job.Delivery, func(note []byte, _ bool) { told = append(told, string(note)) }); err != nil {
		m.Fatal(err)
	}
	if before, again := m.told[a.job.ID]; again && !slices.Equal(told, before) {
		m.Errorf("a digest told %v, and now tells %v", before, told)
	}
	m.told[a.job.ID] = told
}

func (m *model) await(a attempt) {
	wait.Until(m, "the outcome is stored", func() bool {
		a.r.mu.Lock()
		defer a.r.mu.Unlock()
		w := a.r.inFlight[a.job.ID]
		return w == nil || w.d.Attempt != a.job.Attempt
	})
}

// pass lets time pass.
func (m *model) pass(d time.Duration) {
	m.ticks.advance(d)
	m.clock.advance(d)
}

// settle lets the engines do what they have to do now, in any order. Each has
// renewed its leases by then, or has not.
func (m *model) settle() {
	for range 3 {
		for _, i := range m.rand.Perm(len(m.replicas)) {
			r := m.replicas[i]
			if m.rand.IntN(2) == 0 {
				r.renew()
			}
			r.wakeSource(src)
			_ = r.Check(m.Context()) // a transaction behind those that wait
		}
	}
	m.collect()
}

var verdicts = []string{"250", "250", "250", "250", "greylisted", "away", "451", "550", "535", "unheard"}

// step does one thing at random.
func (m *model) step() {
	one := m.replicas[m.rand.IntN(2)]
	switch n := m.rand.IntN(100); {
	case n < 25:
		group := m.rand.IntN(3)
		mail := notification(fmt.Sprintf("%d.%d", group, m.sent))
		m.sent++
		mail.Dedupe = 0
		mail.Conversation = fmt.Sprint("group ", group)
		mail.Recipients = []Recipient{{Address: fmt.Sprintf("a%d@example.com", group), Kind: To}, {Address: fmt.Sprintf("b%d@example.com", group), Kind: To}}
		mail.ID = NewID()
		mail.Brake = &Brake{Note: func() []byte { return []byte(mail.ID) }, Digest: Delivery{Message: []byte("recipe")}, Key: fmt.Sprint(m.rand.IntN(2))}
		if m.rand.IntN(4) > 0 {
			mail.Brake.Max, mail.Brake.Exempt = 2, m.rand.IntN(4) == 0
		}
		stored, err := one.Enqueue(m.Context(), mail)
		if err == nil {
			m.accepted[stored.Delivery.ID] = stored.Delivery
			m.note("stored %s, %s, behind %t", mail.Identity, stored.Delivery.Status, stored.Behind)
		}
	case n < 70:
		m.answer(verdicts[m.rand.IntN(len(verdicts))])
	case n < 80:
		d := []time.Duration{time.Second, 5 * time.Second, 12 * time.Second, time.Minute, 6 * time.Minute, 15 * time.Minute}[m.rand.IntN(6)]
		m.note("%s pass", d)
		m.pass(d)
	case n < 84: // the clock of the store is set
		d := time.Duration(m.rand.IntN(7200)-3600) * time.Second
		m.note("the clock is set by %s", d)
		m.clock.advance(d)
	case n < 87:
		m.kill(m.rand.IntN(2))
	case n < 90:
		m.note("stop")
		ctx, cancel := context.WithCancel(m.Context())
		cancel()
		if err := one.detach(ctx); err != nil {
			m.Error(err)
		}
		m.attachReplica(one)
	case n < 93:
		m.saved = m.clock.Now()
		m.note("settings are saved")
		detach := one.detach
		m.attachReplica(one)
		ctx, cancel := context.WithCancel(m.Context())
		cancel()
		if err := detach(ctx); err != nil {
			m.Error(err)
		}
	case n < 95:
		frozen := m.rand.IntN(3) // a replica that is in the midst of a transaction, or none
		m.note("the store is away for 13 s, and has replica %d in a transaction", frozen)
		for i, r := range m.replicas {
			r.faults.away.Store(i != frozen)
		}
		for i, r := range m.replicas {
			before := r.faults.writes.Load()
			wait.Until(m, "it is noticed", func() bool { r.wakeSource(src); return i == frozen || r.faults.writes.Load() > before })
		}
		var taken []attempt // and what came of them cannot be stored
		for range m.rand.IntN(4) {
			if a, ok := m.take("250"); ok && a.job.Lost == 0 && !a.job.Interrupted {
				taken = append(taken, a)
			}
		}
		if frozen < len(m.replicas) {
			_ = m.replicas[frozen].write(m.Context(), &operation{name: "freezing", run: func(*transaction) error { m.pass(13 * time.Second); return nil }})
		} else {
			m.pass(13 * time.Second)
		}
		for _, i := range m.rand.Perm(2) { // one of them is back first
			m.replicas[i].faults.away.Store(false)
			m.replicas[i].wakeSource(src)
			_ = m.replicas[i].Check(m.Context())
		}
		for _, a := range taken {
			m.await(a)
		}
	case n < 98:
		if id := m.any(); id != "" {
			if _, err := one.Retry(m.Context(), src, id); err == nil {
				m.note("retried %s", id)
			}
		}
	case n < 99 && m.rand.IntN(2) == 0:
		if id := m.any(); id != "" {
			if _, err := one.Cancel(m.Context(), src, id); err == nil {
				m.note("cancelled %s", id)
			}
		}
	case n < 99:
		one.clean()
	default:
		if err := one.Resume(m.Context(), src, "normal"); err != nil {
			m.Error(err)
		}
	}
	m.settle()
}

// any is the id of one of the mails.
func (m *model) any() string {
	ids := make([]string, 0, len(m.accepted))
	for id := range m.accepted {
		ids = append(ids, id)
	}
	for _, d := range m.accepted {
		for _, to := range d.Recipients {
			if to.Digest != "" {
				ids = append(ids, to.Digest)
			}
		}
	}
	if len(ids) == 0 {
		return ""
	}
	slices.Sort(ids)
	return ids[m.rand.IntN(len(ids))]
}

// kill ends a process: it stores nothing more. Some of its mails the relay took,
// and nobody will know.
func (m *model) kill(i int) {
	r := m.replicas[i]
	m.collect()
	m.note("replica %d is killed", i)
	left := m.pending[:0]
	for _, a := range m.pending {
		if a.r != r {
			left = append(left, a)
			continue
		}
		if m.rand.IntN(2) == 0 && a.job.Begin() == nil && a.ctx.Err() == nil {
			m.relay.take(a.job.Delivery, "250", m.rand.IntN)
			for _, to := range a.job.Pending() {
				m.relay.mu.Lock()
				m.relay.doubt(to.Address, a.job.ID)
				m.relay.mu.Unlock()
			}
			m.note("attempt %d of %s: taken, and its process is dead", a.job.Attempt, a.job.Identity)
		}
	}
	m.pending = left
	r.faults.dead.Store(true)
	r.cancel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.Close(ctx)
	m.boot(i)
}

// check compares what the relay got with what was promised.
func (m *model) check() {
	order := map[string]int64{}
	mails := maps.Clone(m.accepted)
	for id, d := range m.accepted {
		for _, to := range d.Recipients {
			if to.Digest != "" {
				mails[to.Digest] = Delivery{Identity: "digest " + to.Digest}
			}
			if got := m.relay.content[to.Address]; to.Digest != "" && slices.Contains(got, to.Digest) && !slices.Contains(m.told[to.Digest], id) {
				m.Errorf("%s is in a digest that does not tell of it", d.Identity)
			}
		}
	}
	for id, d := range mails {
		got, err := m.replicas[0].Get(m.Context(), src, id)
		if err != nil {
			m.Errorf("%s is lost: %v", d.Identity, err)
			continue
		}
		order[id] = got.Sequence
		if !got.Status.Final() {
			m.Errorf("%s is %s in the end, due %v: %s", d.Identity, got.Status, got.DueAt, got.Reason)
		}
		for _, to := range got.Recipients {
			copies := 0
			for _, sent := range m.relay.content[to.Address] {
				if sent == id {
					copies++
				}
			}
			if to.Status == Digested && copies > 0 {
				m.Errorf("%s is in a digest, and %s has it as a mail, too", d.Identity, to.Address)
			}
			if to.Status == Sent && copies == 0 {
				m.Errorf("%s is sent, and %s has nothing", d.Identity, to.Address)
			}
			if more := copies - 1 - m.relay.doubtful[to.Address][id]; copies > 1 && more > 0 {
				m.Errorf("%s has %d copies of %s, %d of them in doubt", to.Address, copies, d.Identity, m.relay.doubtful[to.Address][id])
			}
		}
	}
	for id, told := range m.told { // its place is that of the last that it tells
		order[id] = 0
		for _, mail := range told {
			order[id] = max(order[id], order[mail])
		}
	}
	for address, ids := range m.relay.content {
		last := int64(0)
		for _, id := range ids {
			// A copy of what came before is told by its Message-ID.
			if m.relay.doubtful[address][id] > 0 {
				continue
			}
			if order[id] < last {
				m.Errorf("%s has %s behind a later mail", address, mails[id].Identity)
			}
			last = max(last, order[id])
		}
	}
}

func runModel(t *testing.T, f *fixture, seed uint64, steps int) {
	m := &model{fixture: f, ticks: newClock(), rand: rand.New(rand.NewPCG(seed, 0)), relay: newRelay(), accepted: map[string]Delivery{}, told: map[string][]string{}, saved: f.clock.Now()} //nolint:gosec // it is to be repeatable
	for i := range m.replicas {
		m.boot(i)
	}
	for range steps {
		m.step()
	}
	// In the end the relay takes everything.
	for range 5000 {
		m.settle()
		for len(m.pending) > 0 {
			m.answer("250")
		}
		depth, err := m.replicas[0].Depth(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if total(depth) == 0 {
			break
		}
		m.pass(20 * time.Second)
	}
	m.check()
	if t.Failed() {
		t.Logf("OUTBOX_MODEL_SEED=%d", seed)
		for _, line := range m.log {
			t.Log(line)
		}
	}
}

func TestModel(t *testing.T) {
	runs := 6
	if n, err := strconv.Atoi(os.Getenv("OUTBOX_MODEL_RUNS")); err == nil {
		runs = n
	}
	for _, e := range engines {
		if !e.shared {
			continue
		}
		n, steps := runs, 150
		if e.name == "postgres" { // whose commits are slow
			n, steps = max(runs/10, 1), 60
		}
		for range n {
			seed := rand.Uint64()
			if fixed, err := strconv.ParseUint(os.Getenv("OUTBOX_MODEL_SEED"), 10, 64); err == nil {
				seed = fixed
			}
			t.Run(fmt.Sprint(e.name, "/", seed), func(t *testing.T) {
				t.Parallel()
				runModel(t, &fixture{T: t, url: e.url(t), clock: newClock()}, seed, steps)
			})
		}
	}
}
