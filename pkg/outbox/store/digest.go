package store

import (
	"cmp"
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
	qBudget = register(`SELECT created_at FROM recipient WHERE source = $1 AND folded = $2 AND created_at > $3 AND status <> 'digested'
		ORDER BY created_at DESC LIMIT 1 OFFSET $4 - 1`)
	// Windows of other keys that tell of the conversation.
	qTelling = register(`SELECT g.sequence, g.identity, g.size FROM delivery AS g WHERE g.source = $1 AND g.finished_at IS NULL AND g.closes_at > 0 AND g.closed = 0
		AND EXISTS (SELECT 1 FROM note WHERE note.digest = g.sequence AND note.conversation = $2)
		AND EXISTS (SELECT 1 FROM recipient WHERE delivery = g.sequence AND folded {in $3}) {wait}`)
	qOpen = register(insert + `, closes_at) VALUES ($1, $2, $3, $4, 1, 0, $4, 0, $5, 0, 'collecting', $6, '', 0, 0, 0, 0, 0, '', 0, $7, $8, 0, $9, $10, '', $11)
		ON CONFLICT (source, identity) WHERE joinable = 1 DO NOTHING RETURNING sequence`)
	qNote = register(`INSERT INTO note (digest, delivery, conversation, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`)
	// A note puts off when the window is due, never beyond closes_at. A window that is
	// due stays so, and one with more than maxNotes becomes due. One that closes later
	// than it could if it were opened now ($6) is of a clock that was changed or taken
	// off: it is due at $7. The digest is from whom its last note's mail would be from.
	qNoted = register(`UPDATE delivery SET size = size + $2, sender = $8, due_at = CASE WHEN due_at <= $3 THEN due_at WHEN size + $2 > $5 THEN $3
		WHEN closes_at > $6 THEN $7 WHEN due_at = closes_at OR closes_at < $4 THEN closes_at ELSE $4 END WHERE sequence = $1`)
	// The note of another key's window: when that is due is for its own mail to say, but
	// for the bound of its size.
	qAlsoNoted = register(`UPDATE delivery SET size = size + $2, due_at = CASE WHEN due_at > $3 AND size + $2 > $4 THEN $3 ELSE due_at END WHERE sequence = $1`)
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

// windows are those that are open for the recipients of a delivery.
type windows struct {
	own   []*window // of the brake's key, for each recipient; nil: none
	other []int64   // of other keys, which have told of the conversation, and tell how it goes on
}

// windows returns what is open for the recipients, and what is to be opened.
func (t *Tx) windows(n NewDelivery) (w windows, err error) {
	if t.db.server {
		if _, err := t.exec(qAlone, n.Source); err != nil {
			return w, err
		}
	}
	if err := t.flush(); err != nil { // what the budget counts
		return w, err
	}
	identities := make([]string, len(n.Recipients))
	for i, r := range n.Recipients {
		identities[i] = identityOfWindow(n, r.Address)
	}
	open, err := t.openWindows(n, identities)
	if err != nil {
		return w, err
	}
	if w.other, err = t.telling(n, open); err != nil {
		return w, err
	}
	w.own = make([]*window, len(n.Recipients))
	for i, r := range n.Recipients {
		if open[identities[i]] == nil && !n.Brake.Exempt {
			if open[identities[i]], err = t.braked(*n.Brake, n.Source, identities[i], r.Address); err != nil {
				return w, err
			}
		}
		w.own[i] = open[identities[i]]
	}
	return w, nil
}

// openWindows returns the windows that have these identities.
func (t *Tx) openWindows(n NewDelivery, identities []string) (map[string]*window, error) {
	open := map[string]*window{}
	var full []int64
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
	return open, cmp.Or(err, t.closeFull(full))
}

// telling returns the other windows of the recipients that have told of the conversation.
func (t *Tx) telling(n NewDelivery, own map[string]*window) (other []int64, err error) {
	if !t.digests || n.Conversation == "" {
		return nil, nil
	}
	addresses := make([]string, len(n.Recipients))
	for i, r := range n.Recipients {
		addresses[i] = folded(r.Address)
	}
	var full []int64
	err = t.each(func(row scanner) error {
		var sequence, size int64
		var identity string
		err := row.Scan(&sequence, &identity, &size)
		switch {
		case size > maxNotes:
			full = append(full, sequence)
		case own[identity] == nil:
			other = append(other, sequence)
		}
		return err
	}, qTelling, n.Source, n.Conversation, t.db.list(addresses))
	return other, cmp.Or(err, t.closeFull(full))
}

// closeFull closes windows that have no room: a claim would, but may be long in coming.
func (t *Tx) closeFull(windows []int64) error {
	if len(windows) == 0 {
		return nil
	}
	_, err := t.exec(qClose, t.db.list(windows), t.now)
	return err
}

// identityOfWindow is the same however an address or a profile is spelled.
func identityOfWindow(n NewDelivery, address string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "digest %q %q %q %q", n.Source, n.MailType, strings.ToLower(n.Brake.Key), folded(address)))
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
	used, err := t.one(qBudget, []any{source, folded(address), t.Now().Add(-budgetTime), b.Max}, asTime{&earliest})
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
func (t *Tx) collect(n NewDelivery, sequence int64, open windows, e *Enqueued) error {
	for i, w := range open.own {
		if w == nil || slices.Contains(open.own[:i], w) {
			continue
		}
		if w.sequence == 0 {
			if err := t.open(n, w); err != nil {
				return err
			}
			e.Mails++
		}
		latest, end := n.Brake.Until, n.Brake.Until
		if latest.IsZero() {
			latest, end = t.Now().Add(budgetTime), t.Now()
		}
		size := t.note(n, sequence, w.sequence, e)
		t.later(qNoted, w.sequence, size, t.now, t.Now().Add(quiet), maxNotes, latest, end, n.Brake.Digest.From)
	}
	for _, digest := range open.other {
		t.later(qAlsoNoted, digest, t.note(n, sequence, digest, e), t.now, maxNotes)
	}
	return nil
}

// note stores what a digest tells of the delivery n, and returns its size.
func (t *Tx) note(n NewDelivery, sequence, digest int64, e *Enqueued) int64 {
	note := n.Brake.Note()
	t.later(qNote, digest, sequence, n.Conversation, note)
	e.Bytes += int64(len(note))
	return int64(len(note))
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
	t.later(qRecipient, w.sequence, 0, w.address, folded(w.address), string(To), n.Source, t.now)
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

// Notes calls add with each note of a digest, in the order in which they were accepted,
// and whether its recipient has the mail of that delivery, too.
func (db *database) Notes(ctx context.Context, digest Delivery, add func(note []byte, mailed bool)) error {
	return db.quickly(ctx, "reading what a digest tells", func(r reader) error {
		return r.each(func(row scanner) error {
			var note []byte
			var mailed bool
			err := row.Scan(&note, asBool{&mailed})
			add(note, mailed)
			return err
		}, `SELECT n.body, CASE WHEN EXISTS (SELECT 1 FROM recipient AS r JOIN delivery AS d ON d.sequence = r.delivery
			WHERE r.delivery = n.delivery AND r.folded = $2 AND `+own("status", "status")+` = 'sent') THEN 1 ELSE 0 END
			FROM note AS n WHERE n.digest = $1 ORDER BY n.delivery`, digest.Sequence, folded(digest.Recipients[0].Address))
	})
}
