package store

import (
	"cmp"
	"errors"
	"time"
)

const (
	insert = `INSERT INTO delivery (id, source, mail_type, identity, joinable, dedupe, conversation, behind, sender, individual, status, due_at,
		reason, retries, unreachable, uncertain, lost, begun, owner, attempt, created_at, expires_at, size, subject, message_id, note`
	earlierOpen = `EXISTS (SELECT 1 FROM delivery WHERE conversation = $6 AND conversation <> '' AND finished_at IS NULL)`
)

var (
	// Without a bound query a signature is good for nothing that others came with.
	qSigned = register(`INSERT INTO signature (hash, bound_to, request, delivery, ends_at)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT)
		WHERE CAST($2 AS TEXT) <> '' OR NOT EXISTS (SELECT 1 FROM signature WHERE hash = $1 AND bound_to <> '') ON CONFLICT (hash, bound_to) DO NOTHING`)
	qSigner   = register(`SELECT delivery FROM signature WHERE hash = $1 AND bound_to = $2 AND request = $3`)
	qSigns    = register(`UPDATE signature SET delivery = $3 WHERE hash = $1 AND bound_to = $2`)
	qUnsigned = register(`DELETE FROM signature WHERE hash = $1 AND bound_to = $2`)
	// Where no earlier mail of the conversation is open. A database in the process
	// is asked so first, as RETURNING costs it more than a statement.
	qInsertAlone = register(insert + `) SELECT $1, $2, $3, $4, 1, $5, $6, 0, $7, $8, $9, $11, '', 0, 0, 0, 0, 0, $12, $13, $10, $14, $15, $16, $17, $18
		WHERE NOT ` + earlierOpen + ` ON CONFLICT (source, identity) WHERE joinable = 1 DO NOTHING`)
	qInsert = register(insert + `) SELECT $1, $2, $3, $4, 1, $5, $6, behind, $7, $8,
			CASE WHEN behind = 1 THEN 'queued' ELSE CAST($9 AS TEXT) END, CASE WHEN behind = 1 THEN CAST($10 AS BIGINT) ELSE CAST($11 AS BIGINT) END,
			'', 0, 0, 0, 0, 0, CASE WHEN behind = 1 THEN '' ELSE CAST($12 AS TEXT) END, CASE WHEN behind = 1 THEN 0 ELSE CAST($13 AS BIGINT) END,
			$10, $14, $15, $16, $17, $18
		FROM (SELECT CASE WHEN $19 + 0 = 1 OR ` + earlierOpen + ` THEN 1 ELSE 0 END AS behind) AS turn
		WHERE true ON CONFLICT (source, identity) WHERE joinable = 1 DO NOTHING RETURNING sequence, behind`)
	// What no recipient is mailed is final at once.
	qInsertDigested = register(insert + `, finished_at) VALUES ($1, $2, $3, $4, 1, $5, $6, 0, $7, $8, $9, 0,
		'', 0, 0, 0, 0, 0, '', 0, $10, $11, $12, $13, $14, $15, $10) ON CONFLICT (source, identity) WHERE joinable = 1 DO NOTHING RETURNING sequence`)
	qMail      = register(`INSERT INTO mail (delivery, message) VALUES ($1, $2)`)
	qRecipient = register(`INSERT INTO recipient (delivery, position, address, folded, kind, source, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`)
	qDigested  = register(`INSERT INTO recipient (delivery, position, address, folded, kind, source, created_at, status, digest, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'digested', $8, $7)`)
	qJoinable = register(`SELECT ` + columns + ` FROM delivery WHERE source = $1 AND identity = $2 AND joinable = 1`)
	qMakeWay  = register(`UPDATE delivery SET joinable = 0 WHERE sequence = $1`)
	// Those at the front; what is behind them is due already.
	qHurry = register(`UPDATE delivery SET due_at = $2 WHERE sequence IN (SELECT sequence FROM delivery
		WHERE conversation = $1 AND conversation <> '' AND finished_at IS NULL ORDER BY sequence LIMIT 16 {lock}) AND status = 'queued' AND due_at > $2`)
)

// signatureLife is how long a signature is remembered: longer than the
// timestamps that come with one are taken.
const signatureLife = 10 * time.Minute

// kept is what a signature is kept with: the request is in one of them.
func (s Signature) kept() (boundTo, request string) {
	if s.Bound {
		return s.Request, ""
	}
	return "", s.Request
}

// Enqueue stores n or finds the delivery that it repeats. ErrReplayed and n.Full
// leave the transaction whole.
func (t *Tx) Enqueue(n NewDelivery) (Enqueued, error) {
	hash := n.Signature.Hash
	if hash == "" {
		return t.storeOrJoin(n)
	}
	boundTo, request := n.Signature.kept()
	first, err := t.exec(qSigned, hash, boundTo, request, n.ID, t.Now().Add(signatureLife))
	if err != nil {
		return Enqueued{}, err
	}
	if first == 0 {
		return t.replayed(n.Source, hash, boundTo, request)
	}
	e, err := t.storeOrJoin(n)
	switch {
	case t.err != nil:
		return Enqueued{}, t.err
	case err != nil: // there is no room for it
		_, failed := t.exec(qUnsigned, hash, boundTo)
		return Enqueued{}, cmp.Or(failed, err)
	case e.Joined:
		_, err = t.exec(qSigns, hash, boundTo, e.Delivery.ID)
	}
	return e, err
}

// replayed finds the delivery of a signature that was used before.
func (t *Tx) replayed(source, hash, boundTo, request string) (Enqueued, error) {
	ids, err := column[string](t, qSigner, hash, boundTo, request)
	switch {
	case err != nil:
		return Enqueued{}, err
	case len(ids) == 0: // it came with another request
		return Enqueued{}, ErrReplayed
	}
	d, err := t.Load(source, ids[0])
	if errors.Is(err, ErrNotFound) {
		err = ErrReplayed
	}
	return Enqueued{Delivery: d, Joined: err == nil}, err
}

// storeOrJoin stores n or joins what it repeats. Another process may store, finish
// or delete between two statements; each of them leaves less to do.
func (t *Tx) storeOrJoin(n NewDelivery) (Enqueued, error) {
	for range 10 {
		if n.Full == nil {
			if e, err := t.store(n); err != nil || e.Delivery.Sequence != 0 {
				return e, err
			}
		}
		earlier, err := t.joinable(n)
		if err != nil {
			return Enqueued{}, err
		}
		if earlier != nil {
			return Enqueued{Delivery: *earlier, Joined: true}, nil
		}
		if n.Full != nil {
			return Enqueued{}, n.Full
		}
	}
	return Enqueued{}, t.spoil(errors.New("other processes kept storing and finishing the same notification"))
}

// store stores n unless it is a repeat: then there is no sequence. The unique index
// on source and identity makes processes agree which of them stores it.
func (t *Tx) store(n NewDelivery) (e Enqueued, err error) {
	d := n.Delivery
	d.State, d.CreatedAt, d.ExpiresAt = State{Status: Queued, DueAt: t.Now()}, t.Now(), t.Now().Add(n.MaxAge)
	pause := t.pauses[d.Sender()]
	if n.Owner != "" && !pause.Counts(n.SettingsAt) {
		d.Status, d.DueAt, d.Owner, d.Attempt, d.ClaimedAt = Sending, n.LeaseEnd, n.Owner, 1, t.Now()
	}
	var open windows
	if b := n.Brake; b != nil && (t.digests || b.Max > 0 || !b.Until.IsZero()) {
		if open, err = t.windows(n); err != nil {
			return e, err
		}
	}
	d.Recipients = make([]Recipient, len(n.Recipients))
	for i, r := range n.Recipients {
		d.Recipients[i] = Recipient{Position: i, Address: r.Address, Kind: r.Kind, Status: Queued}
		if open.own != nil && open.own[i] != nil && !n.Brake.Exempt {
			d.Recipients[i].Status, d.Recipients[i].Digest, d.Recipients[i].UpdatedAt = Digested, open.own[i].id, t.Now()
		}
	}
	if digestsAll(d.Recipients) {
		d.State, d.Owner, d.Attempt, d.ClaimedAt, d.Size = State{Status: Digested, FinishedAt: t.Now()}, "", 0, time.Time{}, 0
	}
	if e.Behind, err = t.insertDelivery(&d, n.Dedupe); err != nil || d.Sequence == 0 {
		return e, err
	}
	if d.Status == Digested {
		t.count(d, d.State)
	} else {
		t.later(qMail, d.Sequence, d.Message)
		e.Mails, e.Bytes = 1, d.Size
	}
	for _, r := range d.Recipients {
		if r.Status == Digested {
			t.later(qDigested, d.Sequence, r.Position, r.Address, folded(r.Address), string(r.Kind), d.Source, t.now, r.Digest)
		} else {
			t.later(qRecipient, d.Sequence, r.Position, r.Address, folded(r.Address), string(r.Kind), d.Source, t.now)
		}
	}
	if err := t.collect(n, d.Sequence, open, &e); err != nil {
		return e, err
	}
	for i, a := range n.Alerts {
		t.later(qAlert, d.Sequence, i, a.Hash, a.StartsAt, a.EndsAt, a.Incident)
	}
	if e.Behind {
		t.behind = true
		d.Status, d.DueAt, d.Owner, d.Attempt, d.ClaimedAt = Queued, t.Now(), "", 0, time.Time{}
		if err := t.queueUp(d); err != nil {
			return e, err
		}
	}
	d.hold(pause)
	e.Delivery = d
	return e, nil
}

// insertDelivery gives d its sequence, unless it is a repeat, and says whether it is
// behind an earlier mail or a digest.
func (t *Tx) insertDelivery(d *Delivery, dedupe time.Duration) (behind bool, err error) {
	if d.Status == Digested {
		_, err := t.one(qInsertDigested, []any{d.ID, d.Source, d.MailType, d.Identity, dedupe, d.Conversation, d.From, d.Individual, string(d.Status),
			t.now, d.ExpiresAt, d.Size, d.Subject, d.MessageID, d.Note}, &d.Sequence)
		return false, err
	}
	waits, err := t.digestAhead(*d)
	if err != nil {
		return false, err
	}
	args := []any{d.ID, d.Source, d.MailType, d.Identity, dedupe, d.Conversation, d.From, d.Individual, string(d.Status), t.now, d.DueAt,
		d.Owner, d.Attempt, d.ExpiresAt, d.Size, d.Subject, d.MessageID, d.Note, waits}
	if !t.db.server && !waits {
		stored, sequence, err := t.insert(qInsertAlone, args...)
		if err != nil || stored == 1 {
			d.Sequence = stored * sequence
			return false, err
		}
	}
	_, err = t.one(qInsert, args, &d.Sequence, asBool{&behind})
	return behind, err
}

// queueUp makes the earlier mail of the conversation due, and lets d be looked at
// if one of its recipients waits for none of it.
func (t *Tx) queueUp(d Delivery) error {
	if _, err := t.exec(qHurry, d.Conversation, t.now); err != nil {
		return err
	}
	if t.digests {
		if _, err := t.exec(qHurryDigests, d.Source, d.Conversation, t.now); err != nil {
			return err
		}
	}
	_, free, err := t.turn(d.place())
	if err == nil && free {
		_, err = t.exec(qNotBehind, d.Sequence)
	}
	return err
}

// joinable returns the delivery that n repeats. One that succeeded too long ago
// makes way for a new one.
func (t *Tx) joinable(n NewDelivery) (*Delivery, error) {
	found, err := t.deliveries(qJoinable, n.Source, n.Identity)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	d := found[0]
	if d.Status.Final() && t.Now().Sub(d.FinishedAt).Abs() >= n.Dedupe {
		_, err := t.exec(qMakeWay, d.Sequence)
		return nil, err
	}
	return &d, nil
}
