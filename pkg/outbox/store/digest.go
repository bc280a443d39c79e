package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Brake says when a recipient is not mailed but told of it in a digest. Where it says
// neither Max nor Until, a window that is open all the same gets the mail: else its digest
// would tell what is over.
type Brake struct {
	// Max is how many mails a recipient gets in an hour; 0: any number.
	Max int
	// Until is when the clock closes a window, which is then opened for everything;
	// zero: only Max opens windows.
	Until time.Time
	// Exempt: it is mailed all the same, and a window that is open gets its note, too.
	Exempt bool
	Note   func() []byte // returns what a digest tells of it
	// Digest is the digest that is stored where a window opens: From, Subject and
	// Message, which is what it is made with. Key tells its windows from those of
	// other digests to the recipient.
	Digest Delivery
	Key    string
}

const (
	// budgetTime is the period in which a recipient gets Max mails.
	budgetTime = time.Hour
	// quiet is how long a window that the budget opened stays open after the last note.
	quiet = 5 * time.Minute
	// maxNotes closes a window, so that its digest can be made in memory.
	maxNotes = 2 << 20
)

var (
	// Replicas take turns to brake the mail of a source: each has to see what the
	// others mail.
	qAlone  = register(`SELECT {alone $1}`)
	qWindow = register(`SELECT sequence, id, identity, size FROM delivery WHERE source = $1 AND identity {in $2} AND joinable = 1 {wait}`)
	// The earliest of the last $4 mails since $3, if there are so many.
	qBudget = register(`SELECT created_at FROM recipient WHERE source = $1 AND address = $2 AND created_at > $3 AND status <> 'digested'
		ORDER BY created_at DESC LIMIT 1 OFFSET $4 - 1`)
	qOpen = register(insert + `, closes_at) VALUES ($1, $2, $3, $4, 1, 0, $4, 0, $5, 0, 'collecting', $6, '', 0, 0, 0, 0, 0, '', 0, $7, $8, 0, $9, $10, '', $11)
		ON CONFLICT (source, identity) WHERE joinable = 1 DO NOTHING RETURNING sequence`)
	qNote = register(`INSERT INTO note (digest, delivery, conversation, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`)
	// A note puts off when the window is due, never beyond closes_at. A window that is
	// due stays so, and one with more than maxNotes becomes due. One that closes later
	// than it could if it were opened now ($6) is of a clock that was changed or taken
	// off: it is due at $7. The digest is from whom its last note's mail would be from.
	qNoted = register(`UPDATE delivery SET size = size + $2, sender = $8, due_at = CASE WHEN due_at <= $3 THEN due_at WHEN size + $2 > $5 THEN $3
		WHEN closes_at > $6 THEN $7 WHEN due_at = closes_at OR closes_at < $4 THEN closes_at ELSE $4 END WHERE sequence = $1`)
	// What a digest was to tell, and nobody is mailed.
	qMakeWayOfDigest = register(`UPDATE delivery SET joinable = 0 WHERE sequence IN (SELECT delivery FROM note WHERE digest = $1) AND status = 'digested'`)
	qNoBodies        = register(`UPDATE note SET body = '' WHERE digest = $1`)
	qClose           = register(`UPDATE delivery SET joinable = 0, closes_at = $2, closed = (SELECT max(sequence) FROM delivery)
		WHERE sequence {in $1} AND status = 'collecting' AND closed = 0`)
)

// window is a digest that collects, for one recipient.
type window struct {
	sequence     int64 // 0: it is yet to be stored
	id, identity string
	address      string
	due, closes  time.Time
}

// windows returns the window of each recipient; nil: none is open.
func (t *Tx) windows(n NewDelivery) ([]*window, error) {
	if t.db.server {
		if _, err := t.exec(qAlone, n.Source); err != nil {
			return nil, err
		}
	}
	if err := t.flush(); err != nil { // what the budget counts
		return nil, err
	}
	identities := make([]string, len(n.Recipients))
	for i, r := range n.Recipients {
		identities[i] = identityOfWindow(n, r.Address)
	}
	open := map[string]*window{}
	var full []int64 // a claim closes a window, but may be long in coming
	err := t.each(func(row scanner) error {
		var w window
		var size int64
		err := row.Scan(&w.sequence, &w.id, &w.identity, &size)
		if size > maxNotes {
			full = append(full, w.sequence)
		} else {
			open[w.identity] = &w
		}
		return err
	}, qWindow, n.Source, t.db.list(identities))
	if err == nil && len(full) > 0 {
		_, err = t.exec(qClose, t.db.list(full), t.now)
	}
	all := make([]*window, len(n.Recipients))
	for i, r := range n.Recipients {
		if err == nil && open[identities[i]] == nil && !n.Brake.Exempt {
			open[identities[i]], err = t.braked(*n.Brake, n.Source, identities[i], r.Address)
		}
		all[i] = open[identities[i]]
	}
	return all, err
}

// identityOfWindow is the same however an address or a profile is spelled.
func identityOfWindow(n NewDelivery, address string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "digest %q %q %q %q", n.Source, n.MailType, strings.ToLower(n.Brake.Key), strings.ToLower(address)))
	return hex.EncodeToString(sum[:])
}

// braked returns the window that is to be opened for a recipient, if one is.
func (t *Tx) braked(b Brake, source, identity, address string) (*window, error) {
	w := &window{id: uuid.Must(uuid.NewV7()).String(), identity: identity, address: address, due: b.Until, closes: b.Until}
	if !b.Until.IsZero() {
		return w, nil
	}
	if b.Max <= 0 {
		return nil, nil
	}
	var earliest time.Time
	used, err := t.one(qBudget, []any{source, address, t.Now().Add(-budgetTime), b.Max}, asTime{&earliest})
	if err != nil || !used {
		return nil, err
	}
	w.due = t.Now().Add(quiet)
	if w.closes = earliest.Add(budgetTime); w.closes.Before(w.due) { // a digest of a single mail helps nobody
		w.closes = w.due
	}
	return w, nil
}

// collect stores what digests tell of the delivery n, and the digests that are new.
func (t *Tx) collect(n NewDelivery, sequence int64, windows []*window, e *Enqueued) error {
	for i, w := range windows {
		if w == nil || slices.Contains(windows[:i], w) {
			continue
		}
		note := n.Brake.Note()
		size := int64(len(note))
		if w.sequence == 0 {
			if err := t.open(n, w); err != nil {
				return err
			}
			e.Mails++
		}
		t.later(qNote, w.sequence, sequence, n.Conversation, note)
		latest, end := n.Brake.Until, n.Brake.Until
		if latest.IsZero() {
			latest, end = t.Now().Add(budgetTime), t.Now()
		}
		t.later(qNoted, w.sequence, size, t.now, t.Now().Add(quiet), maxNotes, latest, end, n.Brake.Digest.From)
		e.Bytes += size
	}
	return nil
}

// open stores a digest.
func (t *Tx) open(n NewDelivery, w *window) error {
	d := n.Brake.Digest
	_, domain, _ := strings.Cut(n.MessageID, "@")
	stored, err := t.one(qOpen, []any{w.id, n.Source, n.MailType, w.identity, d.From, w.due, t.now, w.closes.Add(n.MaxAge),
		d.Subject, w.id + "@" + domain, w.closes}, &w.sequence)
	if err == nil && !stored {
		err = t.spoil(errors.New("another process has just opened a window for the same recipient"))
	}
	if err != nil {
		return err
	}
	t.digests = true
	t.later(qMail, w.sequence, d.Message)
	t.later(qRecipient, w.sequence, 0, w.address, string(To), n.Source, t.now)
	return nil
}

// closeWindows closes the windows of digests that are claimed for the first time.
func (t *Tx) closeWindows(taken []candidate) error {
	var collecting []int64
	for _, d := range taken {
		if d.status == Collecting {
			collecting = append(collecting, d.sequence)
		}
	}
	if len(collecting) == 0 {
		return nil
	}
	if err := t.flush(); err != nil {
		return err
	}
	_, err := t.exec(qClose, t.db.list(collecting), t.now)
	return err
}

// digestsAll says whether no recipient is mailed.
func digestsAll(recipients []Recipient) bool {
	return !slices.ContainsFunc(recipients, func(r Recipient) bool { return r.Status != Digested })
}

// Notes calls add with each note of a digest, in the order in which they were accepted.
func (db *database) Notes(ctx context.Context, digest Delivery, add func(note []byte)) error {
	return db.quickly(ctx, "reading what a digest tells", func(r reader) error {
		return r.each(func(row scanner) error {
			var note []byte
			err := row.Scan(&note)
			add(note)
			return err
		}, `SELECT body FROM note WHERE digest = $1 ORDER BY delivery`, digest.Sequence)
	})
}
