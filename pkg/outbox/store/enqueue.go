package store

import (
	"errors"
	"time"
)

const (
	insert = `INSERT INTO delivery (id, source, mail_type, identity, joinable, dedupe, conversation, behind, sender, individual, status, due_at,
		reason, retries, unreachable, uncertain, lost, begun, owner, attempt, created_at, expires_at, size, subject, message_id, note)`
	earlierOpen = `EXISTS (SELECT 1 FROM delivery WHERE conversation = $6 AND conversation <> '' AND finished_at IS NULL)`
)

var (
	// Without a bound query a signature is good for nothing that others came with.
	qSigned = register(`INSERT INTO signature (hash, bound_to, request, delivery, ends_at)
		SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT)
		WHERE CAST($2 AS TEXT) <> '' OR NOT EXISTS (SELECT 1 FROM signature WHERE hash = $1 AND bound_to <> '') ON CONFLICT (hash, bound_to) DO NOTHING`)
	qSigner   = register(`SELECT request, delivery FROM signature WHERE hash = $1 AND bound_to = $2`)
	qSigns    = register(`UPDATE signature SET delivery = $3 WHERE hash = $1 AND bound_to = $2`)
	qUnsigned = register(`DELETE FROM signature WHERE hash = $1 AND bound_to = $2`)
	// Where no earlier mail of the conversation is open. A database in the process
	// is asked so first, as RETURNING costs it more than a statement.
	qInsertAlone = register(insert + ` SELECT $1, $2, $3, $4, 1, $5, $6, 0, $7, $8, $9, $11, '', 0, 0, 0, 0, 0, $12, $13, $10, $14, $15, $16, $17, $18
		WHERE NOT ` + earlierOpen + ` ON CONFLICT (source, identity) WHERE joinable = 1 DO NOTHING`)
	qInsert = register(insert + ` SELECT $1, $2, $3, $4, 1, $5, $6, behind, $7, $8,
			CASE WHEN behind = 1 THEN 'queued' ELSE CAST($9 AS TEXT) END, CASE WHEN behind = 1 THEN CAST($10 AS BIGINT) ELSE CAST($11 AS BIGINT) END,
			'', 0, 0, 0, 0, 0, CASE WHEN behind = 1 THEN '' ELSE CAST($12 AS TEXT) END, CASE WHEN behind = 1 THEN 0 ELSE CAST($13 AS BIGINT) END,
			$10, $14, $15, $16, $17, $18
		FROM (SELECT CASE WHEN ` + earlierOpen + ` THEN 1 ELSE 0 END AS behind) AS turn
		WHERE true ON CONFLICT (source, identity) WHERE joinable = 1 DO NOTHING RETURNING sequence, behind`)
	qJoinable = register(`SELECT ` + columns + ` FROM delivery WHERE source = $1 AND identity = $2 AND joinable = 1`)
	qMakeWay  = register(`UPDATE delivery SET joinable = 0 WHERE id = $1`)
	// Those at the front; what is behind them is due already.
	qHurry = register(`UPDATE delivery SET due_at = $2 WHERE sequence IN (SELECT sequence FROM delivery
		WHERE conversation = $1 AND conversation <> '' AND finished_at IS NULL ORDER BY sequence LIMIT 16 {lock}) AND status = 'queued' AND due_at > $2`)
)

// signatureLife is how long a signature is remembered: longer than the
// timestamps that come with one are taken.
const signatureLife = 10 * time.Minute

// Enqueue stores n or finds the delivery that it repeats.
func (t *tx) Enqueue(n NewDelivery) (Enqueued, error) {
	if n.Signature.Hash != "" {
		first, err := t.exec(qSigned, n.Signature.Hash, n.Signature.boundTo(), n.Signature.Request, n.ID, t.now+signatureLife.Microseconds())
		if err != nil {
			return Enqueued{}, err
		}
		if first == 0 {
			return t.replayed(n.Signature)
		}
	}
	// Another process may store, finish or delete between two statements; each of
	// them leaves less to do.
	for range 10 {
		if !n.JoinOnly {
			if e, stored, err := t.store(n); err != nil || stored {
				return e, err
			}
		}
		earlier, err := t.joinable(n)
		if err != nil {
			return Enqueued{}, err
		}
		if earlier != nil {
			if n.Signature.Hash != "" {
				_, err = t.exec(qSigns, n.Signature.Hash, n.Signature.boundTo(), earlier.ID)
			}
			return Enqueued{Delivery: *earlier, Joined: true}, err
		}
		if n.JoinOnly {
			if n.Signature.Hash != "" {
				if _, err := t.exec(qUnsigned, n.Signature.Hash, n.Signature.boundTo()); err != nil {
					return Enqueued{}, err
				}
			}
			return Enqueued{}, ErrNoRoom
		}
	}
	return Enqueued{}, t.spoil(errors.New("other processes kept storing and finishing the same notification"))
}

// replayed finds the delivery of a signature that was used before.
func (t *tx) replayed(s Signature) (Enqueued, error) {
	var request, id string
	found, err := t.one(qSigner, []any{s.Hash, s.boundTo()}, &request, &id)
	if err != nil {
		return Enqueued{}, err
	}
	if !found || request != s.Request {
		return Enqueued{}, ErrReplayed
	}
	d, err := t.Load(id)
	if errors.Is(err, ErrNotFound) {
		err = ErrReplayed
	}
	return Enqueued{Delivery: d, Joined: err == nil}, err
}

// store stores n unless it is a repeat. The unique index on source and identity
// makes processes agree which of them stores it.
func (t *tx) store(n NewDelivery) (e Enqueued, stored bool, err error) {
	d := n.Delivery
	d.Status, d.DueAt, d.CreatedAt, d.ExpiresAt = Queued, t.Now(), t.Now(), t.Now().Add(n.MaxAge)
	pause := t.pauses[d.Sender()]
	if n.Owner != "" && !pause.Counts(n.SettingsAt) {
		d.Status, d.DueAt, d.Owner, d.Attempt, d.ClaimedAt = Sending, n.LeaseEnd, n.Owner, 1, t.Now()
	}
	args := []any{d.ID, clean(d.Source), clean(d.MailType), clean(d.Identity), n.Dedupe.Microseconds(), clean(d.Conversation),
		clean(d.From), number(d.Individual), string(d.Status), t.now, micros(d.DueAt), d.Owner, d.Attempt, micros(d.ExpiresAt), d.Size,
		clean(d.Subject), clean(d.MessageID), clean(d.Note)}
	var behind int64
	if t.db.inProcess {
		n, sequence, err := t.insert(qInsertAlone, args...)
		if err != nil {
			return Enqueued{}, false, err
		}
		d.Sequence = n * sequence // 0 where nothing was stored
	}
	if d.Sequence == 0 {
		if stored, err = t.one(qInsert, args, &d.Sequence, &behind); err != nil || !stored {
			return Enqueued{}, false, err
		}
	}
	d.Recipients = make([]Recipient, len(n.Recipients))
	for i, r := range n.Recipients {
		r.Address, r.Position, r.Status = clean(r.Address), i, Queued
		d.Recipients[i] = r
	}
	t.mails = append(t.mails, mailRow{d.Sequence, d.Message})
	t.added = append(t.added, rowsOf(d, d.Recipients)...)
	for i, a := range n.Alerts {
		t.alerts = append(t.alerts, alertRow{d.Sequence, i, a})
	}
	if behind == 1 {
		t.behind = true
		d.Status, d.DueAt, d.Owner, d.Attempt, d.ClaimedAt = Queued, t.Now(), "", 0, time.Time{}
		if err := t.queueUp(d); err != nil {
			return Enqueued{}, false, err
		}
	}
	d.hold(pause)
	return Enqueued{Delivery: d, Behind: behind == 1}, true, nil
}

// queueUp makes the earlier mail of the conversation due, and lets d be looked at
// if one of its recipients waits for none of it.
func (t *tx) queueUp(d Delivery) error {
	if _, err := t.exec(qHurry, d.Conversation, t.now); err != nil {
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	_, free, err := t.turn(d.Conversation, d.Sequence)
	if err == nil && free {
		_, err = t.exec(qNotBehind, d.Sequence)
	}
	return err
}

// joinable returns the delivery that n repeats. One that succeeded too long ago
// makes way for a new one.
func (t *tx) joinable(n NewDelivery) (*Delivery, error) {
	found, err := t.deliveries(qJoinable, clean(n.Source), clean(n.Identity))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	d := found[0]
	if d.Status.Final() && t.Now().Sub(d.FinishedAt).Abs() >= n.Dedupe {
		_, err := t.exec(qMakeWay, d.ID)
		return nil, err
	}
	return &d, nil
}
