package store

import (
	"cmp"
	"slices"
	"time"
)

// The queries of a claim have one mail type each, so that nothing of a paused one is
// read, and go in the order of an index, so that nothing is read that is not due or
// not in turn. (SQLite plans a query anew for every
// value of a bare parameter in LIMIT, and does not look for +due_at in an index.)
const (
	waiting = `FROM delivery WHERE source = $1 AND mail_type = $2 AND finished_at IS NULL`
	turn    = `SELECT sequence, id, conversation, status, due_at, closes_at, closed ` + waiting + ` AND behind = 0`
	tooFar  = waiting + ` AND behind = 0 AND status <> 'collecting' AND due_at > $4 AND (lost = 0 OR due_at > $5)`
)

var (
	qTypes   = register(different("mail_type", "delivery WHERE source = $1 AND finished_at IS NULL", ""))
	qDue     = register(turn + ` AND due_at <= $3 AND lost = 0 ORDER BY due_at, sequence LIMIT $4 + 0 {lock}`)
	qFresh   = register(turn + ` AND status = 'queued' AND attempt = 0 AND +due_at <= $3 ORDER BY sequence DESC LIMIT $4 + 0 {lock}`)
	qEarly   = register(turn + ` AND status = 'queued' AND unreachable = 1 AND lost = 0 AND CAST($3 AS BIGINT) > 0 ORDER BY sequence LIMIT $4 + 0 {lock}`)
	qDueLost = register(turn + ` AND due_at <= $3 AND lost > 0 ORDER BY due_at LIMIT $4 + 0 {lock}`)
	qNextDue = register(`SELECT coalesce((SELECT min(due_at) ` + waiting + ` AND behind = 0 AND due_at > $3), 0),
		CASE WHEN EXISTS (SELECT 1 ` + tooFar + `) THEN 1 ELSE 0 END`)
	qPull = register(`UPDATE delivery SET due_at = CASE WHEN status = 'sending' THEN CAST($6 AS BIGINT) ELSE CAST($3 AS BIGINT) END
		WHERE sequence IN (SELECT sequence ` + tooFar + ` LIMIT $7 + 0 {lock})`)
	qBlocked = register(`SELECT 1 FROM delivery WHERE source = $1 AND conversation > '' AND finished_at IS NULL AND behind = 1 LIMIT 1`)
	qLease   = register(`UPDATE delivery SET status = 'sending', attempt = attempt + 1, owner = $2, due_at = $3, lost = lost + begun, begun = 0
		WHERE sequence {in $1} RETURNING ` + columns)
	qMails = register(`SELECT delivery, message FROM mail WHERE delivery {in $1}`)
)

// candidate is a delivery that may be claimed.
type candidate struct {
	place
	id     string
	status Status
	due    int64
	waits  map[string]bool // folded addresses that an earlier mail is still to reach
	early  bool            // not due yet
}

// Claim leases due deliveries of a source to a process.
func (t *Tx) Claim(c Claim) (out Claimed, err error) {
	types, err := column[string](t, qTypes, c.Source)
	if err != nil {
		return out, err
	}
	types = slices.DeleteFunc(types, func(mailType string) bool {
		return t.pauses[Sender{c.Source, mailType}].Counts(c.SettingsAt)
	})
	var taken []candidate
	again := true
	// A delivery that turns out to be behind others makes room for the next look.
	for tries := 0; again && tries < 4; tries++ {
		if taken, out.More, err = t.pick(c, types); err != nil {
			return out, err
		}
		if taken, again, err = t.inTurn(taken); err != nil {
			return out, err
		}
	}
	out.More = out.More || again
	if out.Deliveries, err = t.lease(c, taken); err != nil {
		return out, err
	}
	for _, mailType := range types {
		if err := t.lookAhead(c, mailType, &out.NextDue); err != nil {
			return out, err
		}
	}
	if t.behind {
		blocked, err := column[int](t, qBlocked, c.Source)
		if err != nil {
			return out, err
		}
		out.Blocked = len(blocked) > 0
	}
	if out.Blocked && t.db.server {
		err = t.repairTurns(c.Source)
	}
	return out, err
}

// pick chooses what to lease, and says whether more is due.
func (t *Tx) pick(c Claim, types []string) (taken []candidate, more bool, err error) {
	seen := map[string]bool{}
	for _, id := range c.InHand {
		seen[id] = true
	}
	take := func(q string, limit int, order func(a, b candidate) int) (left bool) {
		if limit <= 0 || err != nil {
			return false
		}
		var found []candidate
		found, err = t.candidates(q, c.Source, types, limit+len(seen)+1)
		found = slices.DeleteFunc(found, func(d candidate) bool { return seen[d.id] })
		slices.SortStableFunc(found, order)
		for _, d := range found[:min(limit, len(found))] {
			seen[d.id] = true
			d.early = d.due > t.now
			taken = append(taken, d)
		}
		return len(found) > limit
	}
	byDue := func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.sequence, b.sequence))
	}
	oldest := func(a, b candidate) int { return cmp.Compare(a.sequence, b.sequence) }
	newest := func(a, b candidate) int { return cmp.Compare(b.sequence, a.sequence) }
	if !c.Alone {
		take(qDueLost, min(1, c.Due), byDue)
	}
	take(qEarly, min(c.Early, c.Due-len(taken)), oldest)
	more = c.Early > 0 && len(taken) == c.Due // what is due is not looked at
	more = take(qDue, c.Due-len(taken), byDue) || more
	take(qFresh, c.Fresh, newest)
	slices.SortFunc(taken, oldest)
	return taken, more, err
}

func (t *Tx) candidates(q, source string, types []string, limit int) (found []candidate, err error) {
	for _, mailType := range types {
		err := t.each(func(row scanner) error {
			d := candidate{place: place{source: source}}
			var closes int64
			err := row.Scan(&d.sequence, &d.id, &d.conversation, &d.status, &d.due, &closes, &d.closed)
			d.digest = closes > 0
			found = append(found, d)
			return err
		}, q, source, mailType, t.now, limit)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// inTurn returns those that may reach a recipient, and marks the others as behind;
// again says that another look may find more.
func (t *Tx) inTurn(found []candidate) (taken []candidate, again bool, err error) {
	for _, d := range found {
		var free bool
		if d.waits, free, err = t.turn(d.place); err != nil {
			return nil, false, err
		}
		if free {
			taken = append(taken, d)
			continue
		}
		again = true
		if err := t.putBehind(d.sequence); err != nil {
			return nil, false, err
		}
	}
	return taken, again, nil
}

// lease leases the deliveries to the process, and reads them with their mail.
func (t *Tx) lease(c Claim, taken []candidate) ([]Delivery, error) {
	if len(taken) == 0 {
		return nil, nil
	}
	of := make(map[int64]candidate, len(taken))
	all := make([]int64, len(taken))
	for i, d := range taken {
		of[d.sequence], all[i] = d, d.sequence
	}
	if err := t.closeWindows(taken); err != nil {
		return nil, err
	}
	leased, err := t.deliveries(qLease, t.db.list(all), c.Owner, c.LeaseEnd)
	if err != nil {
		return nil, err
	}
	mails := make(map[int64][]byte, len(leased))
	err = t.each(func(row scanner) error {
		var delivery int64
		var message []byte
		err := row.Scan(&delivery, &message)
		mails[delivery] = message
		return err
	}, qMails, t.db.list(all))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(leased, func(a, b Delivery) int { return cmp.Compare(a.Sequence, b.Sequence) })
	for i := range leased {
		d := &leased[i]
		was := of[d.Sequence]
		d.Message, d.ClaimedAt, d.Early, d.Interrupted = mails[d.Sequence], t.Now(), was.early, was.status == Sending
		for j := range d.Recipients {
			r := &d.Recipients[j]
			r.Waits = r.Status == Queued && was.waits[folded(r.Address)]
		}
		if d.Interrupted {
			t.log(*d, Attempt{Number: d.Attempt - 1, At: t.Now(), Outcome: Lost, Text: "the process ended, or lost its lease, before it stored the outcome"})
		}
	}
	return leased, nil
}

// pullBatch bounds how much is pulled back in one claim.
const pullBatch = 500

// lookAhead moves next to when the first delivery of the mail type is due. Where one is
// due later than it can be, the clock was set back: it is made due now.
func (t *Tx) lookAhead(c Claim, mailType string, next *time.Time) error {
	latest := t.Now().Add(c.LongestWait)
	args := []any{c.Source, mailType, t.now, latest, latest.Add(time.Hour)}
	var due time.Time
	var far bool
	if _, err := t.one(qNextDue, slices.Clone(args), asTime{&due}, asBool{&far}); err != nil {
		return err
	}
	if far {
		due = t.Now()
		if _, err := t.exec(qPull, append(args, c.LeaseEnd, pullBatch)...); err != nil {
			return err
		}
	}
	if !due.IsZero() && (next.IsZero() || due.Before(*next)) {
		*next = due
	}
	return nil
}

var (
	qRenew = register(`UPDATE delivery SET due_at = $1 WHERE id {in $3} AND owner = $2 AND status = 'sending' RETURNING id, attempt`)
	qSpare = register(`UPDATE delivery SET due_at = $3 WHERE finished_at IS NULL AND status = 'sending' AND due_at > $1 AND due_at <= $2`)
)

// Renew extends the owner's leases and returns the attempts of those deliveries
// that it still has.
func (t *Tx) Renew(owner string, ids []string, until time.Time) (kept map[string]int, err error) {
	kept = map[string]int{}
	err = t.each(func(row scanner) error {
		var id string
		var attempt int
		err := row.Scan(&id, &attempt)
		kept[id] = attempt
		return err
	}, qRenew, until, owner, t.db.list(ids))
	return kept, err
}

// SpareLeases gives leases that ended in (from, to] a new end: nobody could renew
// them, because the store was away or its clock jumped.
func (t *Tx) SpareLeases(from, to, until time.Time) error {
	_, err := t.exec(qSpare, from, to, until)
	return err
}
