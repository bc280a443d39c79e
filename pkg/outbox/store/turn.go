package store

import "slices"

// The mail of a conversation reaches each recipient in the order of Sequence.
// What has no recipient that it may reach is marked as behind, so that a claim
// need not look at it; whatever becomes of an earlier one takes the mark off the
// next.

var (
	qPending = register(`SELECT folded FROM recipient WHERE delivery = $1 AND status = 'queued'`)
	// The addresses that earlier mail of the conversation is still to reach.
	qEarlier = register(`SELECT r.folded FROM delivery AS e JOIN recipient AS r ON r.delivery = e.sequence
		WHERE e.conversation = $1 AND e.conversation <> '' AND e.finished_at IS NULL AND e.sequence < $2 AND r.status = 'queued'`)
	qBehind    = register(`UPDATE delivery SET behind = 1 WHERE sequence = $1`)
	qNotBehind = register(`UPDATE delivery SET behind = 0 WHERE sequence = $1`)
	qNextTurn  = register(`UPDATE delivery SET behind = 0 WHERE sequence IN (SELECT sequence FROM delivery
		WHERE conversation = $1 AND conversation <> '' AND finished_at IS NULL AND sequence > $2 AND behind = 1 ORDER BY sequence LIMIT 1 {lock})`)
	qWaiting = register(`SELECT conversation, min(sequence) FROM delivery WHERE source = $1 AND finished_at IS NULL AND behind = 1 AND conversation > $2
		GROUP BY conversation ORDER BY conversation LIMIT $3 + 0`)
	qFirst = register(`UPDATE delivery SET behind = 0 WHERE sequence = $2 AND NOT EXISTS (SELECT 1 FROM delivery
		WHERE conversation = $1 AND conversation <> '' AND finished_at IS NULL AND sequence < $2) AND NOT EXISTS (SELECT 1 FROM delivery AS g
		WHERE g.source = $3 AND g.closed < $2 AND ` + digestOf + `$1))`)
)

// place is a delivery's place in the order of its conversation.
type place struct {
	source, conversation string
	sequence             int64
	digest               bool
	closed               int64 // of a digest; 0: its window is open
}

func (d Delivery) place() place {
	return place{d.Source, d.Conversation, d.Sequence, d.Digest(), d.Closed}
}

// turn returns the addresses that earlier mail is still to reach, and whether the
// delivery is free: it has a pending recipient that is none of them. Otherwise it is
// behind.
func (t *Tx) turn(p place) (waits map[string]bool, free bool, err error) {
	if p.conversation == "" {
		return nil, true, nil
	}
	if err := t.flush(); err != nil {
		return nil, false, err
	}
	earlier, err := column[string](t, qEarlier, p.conversation, p.sequence)
	if err == nil && t.digests {
		var ahead []string
		ahead, err = t.ahead(p)
		earlier = append(earlier, ahead...)
	}
	if err != nil || len(earlier) == 0 {
		return nil, true, err
	}
	waits = map[string]bool{}
	for _, address := range earlier {
		waits[address] = true
	}
	pending, err := column[string](t, qPending, p.sequence)
	return waits, slices.ContainsFunc(pending, func(address string) bool { return !waits[address] }), err
}

// putBehind marks a delivery that can reach nobody yet.
func (t *Tx) putBehind(sequence int64) error {
	t.behind = true
	_, err := t.exec(qBehind, sequence)
	return err
}

// passTurn takes the mark off the next mail of the conversation.
func (t *Tx) passTurn(d Delivery) error {
	_, err := t.exec(qNextTurn, d.Conversation, d.Sequence)
	if err == nil && t.digests {
		err = t.passDigests(d)
	}
	return err
}

// repairs bounds how many conversations are looked at in one claim.
const repairs = 200

// repairTurns takes the mark off the first mail of conversations whose mail is all
// marked as behind: one process stored it while another finished the mail before it,
// and neither saw the other. Each call looks at the next conversations.
func (t *Tx) repairTurns(source string) error {
	first := map[string]int64{}
	last := ""
	err := t.each(func(row scanner) error {
		var sequence int64
		err := row.Scan(&last, &sequence)
		first[last] = sequence
		return err
	}, qWaiting, source, t.db.repaired[source], repairs)
	if err != nil {
		return err
	}
	for conversation, sequence := range first {
		if _, err := t.exec(qFirst, conversation, sequence, source); err != nil {
			return err
		}
	}
	if len(first) < repairs {
		last = ""
	}
	t.db.repaired[source] = last
	return nil
}
