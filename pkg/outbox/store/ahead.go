package store

import "math"

// A digest tells of several conversations, and mail of these keeps its place: what was
// stored before the window closed goes before the digest, what was stored since waits
// for it, and of two digests the one goes first whose window closed first. So nothing
// waits in a circle.

// digestOf is the condition for a digest g, whose window has closed and which is not final,
// to have a note of the conversation that follows.
const digestOf = `g.finished_at IS NULL AND g.closes_at > 0 AND g.closed > 0
	AND EXISTS (SELECT 1 FROM note WHERE note.digest = g.sequence AND note.conversation = `

// alsoTold is the condition for a digest g to tell of a conversation of which the digest $1
// tells, too.
const alsoTold = `EXISTS (SELECT 1 FROM note AS a JOIN note AS b ON b.digest = g.sequence AND b.conversation = a.conversation
	WHERE a.digest = $1 AND a.conversation <> '')`

var (
	qAnyDigestAhead = register(`SELECT 1 FROM delivery AS g WHERE g.source = $1 AND ` + digestOf + `$2) LIMIT 1`)
	// The addresses that such digests are still to reach, and those that mail is still
	// to reach of which the digest $1 tells.
	qDigestsAhead = register(`SELECT r.folded FROM delivery AS g JOIN recipient AS r ON r.delivery = g.sequence
		WHERE g.source = $1 AND g.closed < $3 AND r.status = 'queued' AND ` + digestOf + `$2)`)
	qMailAhead = register(`SELECT r.folded FROM delivery AS e JOIN recipient AS r ON r.delivery = e.sequence
		WHERE e.conversation IN (SELECT conversation FROM note WHERE digest = $1) AND e.conversation <> '' AND e.finished_at IS NULL
		AND e.sequence <= $2 AND r.status = 'queued' AND r.folded IN (SELECT folded FROM recipient WHERE delivery = $1)`)
	// The address of the digest $1 if another digest, which closed before it, is still to
	// reach it and tells of a conversation of which this one tells, too.
	qDigestsAheadOfDigest = register(`SELECT r.folded FROM delivery AS g JOIN recipient AS r ON r.delivery = g.sequence
		WHERE g.source = $2 AND g.finished_at IS NULL AND g.closes_at > 0 AND g.closed > 0 AND (g.closed, g.sequence) < ($3, $1) AND r.status = 'queued'
		AND r.folded IN (SELECT folded FROM recipient WHERE delivery = $1) AND ` + alsoTold + ` LIMIT 1`)
	qHurryDigests = register(`UPDATE delivery SET due_at = $3 WHERE sequence IN (SELECT g.sequence FROM delivery AS g
		WHERE g.source = $1 AND ` + digestOf + `$2) ORDER BY g.sequence LIMIT 16 {lock}) AND status = 'queued' AND due_at > $3`)
	// What a delivery that a digest tells of lets pass, and what that digest does.
	qNextDigests = register(`UPDATE delivery SET behind = 0 WHERE sequence IN (SELECT g.sequence FROM delivery AS g
		WHERE g.source = $1 AND g.finished_at IS NULL AND g.closes_at > 0 AND g.behind = 1
		AND EXISTS (SELECT 1 FROM note WHERE note.digest = g.sequence AND note.conversation = $2) ORDER BY g.sequence {lock})`)
	qNextDigestsOfDigest = register(`UPDATE delivery SET behind = 0 WHERE sequence IN (SELECT g.sequence FROM delivery AS g
		WHERE g.source = $2 AND g.finished_at IS NULL AND g.closes_at > 0 AND g.behind = 1 AND ` + alsoTold + ` ORDER BY g.sequence {lock})`)
	qNextOfDigest = register(`UPDATE delivery SET behind = 0 WHERE sequence IN (SELECT min(sequence) FROM delivery
		WHERE source = $1 AND finished_at IS NULL AND behind = 1 AND conversation > '' AND conversation IN (SELECT conversation FROM note WHERE digest = $2)
		GROUP BY conversation)`)
)

// digestAhead says whether a new delivery is to wait for a digest.
func (t *Tx) digestAhead(d Delivery) (bool, error) {
	if !t.digests || d.Conversation == "" {
		return false, nil
	}
	found, err := column[int](t, qAnyDigestAhead, d.Source, d.Conversation)
	return len(found) > 0, err
}

// ahead returns the addresses that digests are still to reach before the mail, or mail and
// other digests before the digest.
func (t *Tx) ahead(p place) ([]string, error) {
	if !p.digest {
		return column[string](t, qDigestsAhead, p.source, p.conversation, p.sequence)
	}
	last := p.closed
	if last == 0 {
		last = math.MaxInt64
	}
	mail, err := column[string](t, qMailAhead, p.sequence, last)
	if err != nil || len(mail) > 0 {
		return mail, err
	}
	return column[string](t, qDigestsAheadOfDigest, p.sequence, p.source, last)
}

// passDigests takes the mark off what may have waited for the mail or the digest.
func (t *Tx) passDigests(d Delivery) (err error) {
	if d.Digest() {
		if _, err = t.exec(qNextOfDigest, d.Source, d.Sequence); err == nil {
			_, err = t.exec(qNextDigestsOfDigest, d.Sequence, d.Source)
		}
	} else {
		_, err = t.exec(qNextDigests, d.Source, d.Conversation)
	}
	return err
}
