package store

import (
	"cmp"
	"slices"
)

// The queries of a claim have one mail type each, so that a paused one is not
// even looked at, and read in the order of an index, so that nothing that is
// not due or not in turn is looked at. (SQLite plans a query anew for every
// value of a bare parameter in LIMIT, and does not look for +due_at in an index.)
const (
	waiting = `FROM delivery WHERE source = $1 AND mail_type = $2 AND finished_at IS NULL`
	turn    = `SELECT sequence, source, mail_type, conversation, status, due_at, begun, attempt, id, lost ` + waiting + ` AND behind = 0`
)

var (
	qTypes = register(`WITH RECURSIVE types(mail_type) AS (
		SELECT (SELECT min(mail_type) FROM delivery WHERE source = $1 AND finished_at IS NULL)
		UNION ALL
		SELECT (SELECT min(mail_type) FROM delivery WHERE source = $1 AND finished_at IS NULL AND mail_type > types.mail_type) FROM types WHERE types.mail_type IS NOT NULL)
		SELECT mail_type FROM types WHERE mail_type IS NOT NULL`)
	qDue     = register(turn + ` AND due_at <= $3 AND lost = 0 ORDER BY due_at, sequence LIMIT $4 + 0 {lock}`)
	qFresh   = register(turn + ` AND status = 'queued' AND attempt = 0 AND +due_at <= $3 ORDER BY sequence DESC LIMIT $4 + 0 {lock}`)
	qEarly   = register(turn + ` AND status = 'queued' AND unreachable = 1 AND lost = 0 AND CAST($3 AS BIGINT) > 0 ORDER BY sequence LIMIT $4 + 0 {lock}`)
	qDueLost = register(turn + ` AND due_at <= $3 AND lost > 0 ORDER BY due_at LIMIT $4 + 0 {lock}`)
	qNextDue = register(`SELECT coalesce(min(due_at), 0) ` + waiting + ` AND behind = 0 AND due_at > $3`)
	qBlocked = register(`SELECT 1 FROM delivery WHERE source = $1 AND conversation > '' AND finished_at IS NULL AND behind = 1 LIMIT 1`)
	qLease   = register(`UPDATE delivery SET status = 'sending', attempt = attempt + 1, owner = $2, due_at = $3, lost = lost + begun, begun = 0
		WHERE sequence {in $1} RETURNING ` + columns)
	qMails = register(`SELECT delivery, message FROM mail WHERE delivery {in $1}`)
)

// candidate is a delivery that may be claimed.
type candidate struct {
	sequence             int64
	id, conversation     string
	source, mailType     string
	status               Status
	due, begun, attempts int64
	lost                 int
	waits                map[string]bool // addresses that an earlier mail is still to reach
	early                bool            // not due yet
}

// Claim leases due deliveries of a source to a process.
func (t *tx) Claim(c Claim) (Claimed, error) {
	if err := t.flush(); err != nil {
		return Claimed{}, err
	}
	var out Claimed
	types, err := t.types(c)
	if err != nil {
		return out, err
	}
	var taken []candidate
	again := true
	// A delivery that turns out to be behind others makes room for the next look.
	for tries := 0; again && tries < 4; tries++ {
		if taken, again, err = t.pick(c, types, &out.More); err != nil {
			return out, err
		}
	}
	out.More = out.More || again
	if out.Deliveries, err = t.lease(c, taken); err != nil {
		return out, err
	}
	for _, mailType := range types {
		var next int64
		if _, err := t.one(qNextDue, []any{c.Source, mailType, t.now}, &next); err != nil {
			return out, err
		}
		if next > 0 && (out.NextDue.IsZero() || at(next).Before(out.NextDue)) {
			out.NextDue = at(next)
		}
	}
	if t.behind {
		var one int
		if out.Blocked, err = t.one(qBlocked, []any{c.Source}, &one); err != nil {
			return out, err
		}
	}
	if out.Blocked && t.db.shared {
		err = t.repairTurns(c.Source)
	}
	return out, err
}

// types lists the mail types that wait and whose sender is not paused.
func (t *tx) types(c Claim) ([]string, error) {
	types, err := t.strings(qTypes, c.Source)
	return slices.DeleteFunc(types, func(mailType string) bool {
		return t.pauses[Sender{c.Source, mailType}].Counts(c.SettingsAt)
	}), err
}

// pick chooses what to lease. Where a delivery is found to be behind another it
// is marked so, and again says that another look may find more.
func (t *tx) pick(c Claim, types []string, more *bool) (taken []candidate, again bool, err error) {
	*more = false
	seen := map[string]bool{}
	for _, id := range c.InHand {
		seen[id] = true
	}
	take := func(q query, limit int, order func(a, b candidate) int) error {
		if limit <= 0 {
			return nil
		}
		found, err := t.candidates(q, c.Source, types, limit+len(seen)+1)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(d candidate) bool { return seen[d.id] })
		slices.SortStableFunc(found, order)
		if q == qDue {
			*more = len(found) > limit
		}
		for _, d := range found[:min(limit, len(found))] {
			seen[d.id] = true
			d.early = q == qEarly && d.due > t.now
			taken = append(taken, d)
		}
		return nil
	}
	byDue := func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.sequence, b.sequence))
	}
	oldest := func(a, b candidate) int { return cmp.Compare(a.sequence, b.sequence) }
	newest := func(a, b candidate) int { return cmp.Compare(b.sequence, a.sequence) }
	due := c.Due
	if !c.Alone {
		if err := take(qDueLost, min(1, due), byDue); err != nil {
			return nil, false, err
		}
		due -= len(taken)
	}
	if err := take(qEarly, min(c.Early, due), oldest); err != nil {
		return nil, false, err
	}
	if err := take(qDue, c.Due-len(taken), byDue); err != nil {
		return nil, false, err
	}
	*more = *more || c.Early > 0 && len(taken) == c.Due // what is due has not been looked at
	if err := take(qFresh, c.Fresh, newest); err != nil {
		return nil, false, err
	}
	slices.SortFunc(taken, oldest)
	return t.inTurn(taken)
}

func (t *tx) candidates(q query, source string, types []string, limit int) (found []candidate, err error) {
	for _, mailType := range types {
		err := t.each(func(rows scanner) error {
			var d candidate
			err := rows.Scan(&d.sequence, &d.source, &d.mailType, &d.conversation, &d.status, &d.due, &d.begun, &d.attempts, &d.id, &d.lost)
			found = append(found, d)
			return err
		}, q, source, mailType, t.now, limit)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// lease takes the deliveries, with their mail.
func (t *tx) lease(c Claim, taken []candidate) ([]Delivery, error) {
	if len(taken) == 0 {
		return nil, nil
	}
	of := make(map[int64]candidate, len(taken))
	all := make([]int64, len(taken))
	for i, d := range taken {
		of[d.sequence], all[i] = d, d.sequence
	}
	list := t.db.list(all)
	var leased []Delivery
	err := t.each(func(rows scanner) error {
		d, err := scanDelivery(rows, nil)
		d.ClaimedAt, d.Interrupted = t.Now(), of[d.Sequence].status == Sending
		d.Early = of[d.Sequence].early
		leased = append(leased, d)
		return err
	}, qLease, list, c.Owner, micros(c.LeaseEnd))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(leased, func(a, b Delivery) int { return cmp.Compare(a.Sequence, b.Sequence) })
	if err := t.each(adopt(leased), qRecipients, list); err != nil {
		return nil, err
	}
	mails := make(map[int64][]byte, len(leased))
	err = t.each(func(rows scanner) error {
		var delivery int64
		var message []byte
		err := rows.Scan(&delivery, &message)
		mails[delivery] = message
		return err
	}, qMails, list)
	if err != nil {
		return nil, err
	}
	for i := range leased {
		d := &leased[i]
		d.Message = mails[d.Sequence]
		for j := range d.Recipients {
			r := &d.Recipients[j]
			r.Waits = r.Status == Queued && of[d.Sequence].waits[r.Address]
		}
		if d.Interrupted {
			t.attempts = append(t.attempts, attemptRow{d.Sequence, Attempt{Number: d.Attempt - 1, At: t.Now(), Outcome: Lost,
				Text: "the process ended, or lost its lease, before it stored the outcome"}})
		}
	}
	return leased, nil
}
