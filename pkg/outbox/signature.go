package outbox

import (
	"context"
	"time"
)

// Signature is what a request was signed with. A signature is used once.
type Signature struct {
	Hash    string // of the signature; empty: the request was not signed
	Request string // a hash of what the signature first came with
}

// keepSignature is longer than a signature is accepted: five minutes before its
// timestamp to five after.
const keepSignature = 10 * time.Minute

var (
	qKeepSignature    = query(`INSERT INTO signature (hash, request, delivery, used_at) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING`)
	qFindSignature    = query(`SELECT request, delivery FROM signature WHERE hash = $1`)
	qMoveSignature    = query(`UPDATE signature SET delivery = $2 WHERE hash = $1`)
	qForgetSignature  = query(`DELETE FROM signature WHERE hash = $1`)
	qDeliveryOf       = query(`SELECT ` + columns + ` FROM delivery WHERE id = $1`)
	qRemoveSignatures = query(`DELETE FROM signature WHERE hash IN (SELECT hash FROM signature WHERE used_at < $1 ORDER BY used_at LIMIT $2 {lock})`)
)

// enqueueOnce is enqueue for a request whose signature is used once. Another
// process that uses it at the same time is waited for at the first statement.
func (t *tx) enqueueOnce(n New, slot bool) (Delivery, bool, error) {
	hash := n.Signature.Hash
	if hash == "" {
		return t.enqueue(n, slot)
	}
	kept, err := t.exec(qKeepSignature, hash, n.Signature.Request, n.ID, t.now)
	if err != nil {
		return Delivery{}, false, err
	}
	if kept == 0 {
		d, err := t.findSigned(n.Signature)
		return d, true, err
	}
	d, joined, err := t.enqueue(n, slot)
	if _, refused := err.(refusal); refused {
		if _, failed := t.exec(qForgetSignature, hash); failed != nil {
			return Delivery{}, false, failed
		}
	}
	if err == nil && d.ID != n.ID {
		_, err = t.exec(qMoveSignature, hash, d.ID)
	}
	return d, joined, err
}

// findSigned returns the delivery of the request that a signature came with.
// Its refusal is ErrReplayed.
func (t *tx) findSigned(s Signature) (Delivery, error) {
	var request, id string
	err := t.each(func(rows scanner) error { return rows.Scan(&request, &id) }, qFindSignature, s.Hash)
	if err != nil {
		return Delivery{}, err
	}
	found, err := t.deliveries(qDeliveryOf, id)
	if err != nil {
		return Delivery{}, err
	}
	if request != s.Request || len(found) == 0 {
		return Delivery{}, refuse(ErrReplayed)
	}
	return found[0], nil
}

// removeSignatures deletes those that are accepted no more.
func (o *Outbox) removeSignatures() (int, error) {
	var removed int64
	err := o.write(context.Background(), &op{name: "removing old signatures", run: func(t *tx) (err error) {
		removed, err = t.exec(qRemoveSignatures, t.now-keepSignature.Microseconds(), cleanBatch)
		return err
	}})
	return int(removed), err
}
