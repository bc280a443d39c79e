package store

var (
	qMail      = register(`INSERT INTO mail (delivery, message) VALUES ($1, $2)`)
	qRecipient = register(`INSERT INTO recipient (delivery, position, address, kind, status, code, enhanced_code, text, updated_at, source, created_at)
		VALUES ($1, $2, $3, $4, $5, 0, '', '', 0, $6, $7)`)
	qReached = register(`UPDATE recipient SET status = $3, code = $4, enhanced_code = $5, text = $6, updated_at = $7 WHERE delivery = $1 AND position = $2`)
	qAttempt = register(`INSERT INTO attempt (delivery, number, began_at, duration, stage, code, enhanced_code, text, outcome)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`)
	qCount = register(`INSERT INTO rollup (source, span, began_at, status, mail_type, latency, owner, count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (source, span, began_at, status, mail_type, latency, owner) DO UPDATE SET count = rollup.count + excluded.count`)
	qDone = register(`DELETE FROM mail WHERE delivery = $1`)
)

// flushRows writes the collected rows one by one: the database is in the process.
func flushRows(t *tx) (err error) {
	write := func(q query, args ...any) {
		if err == nil {
			_, err = t.exec(q, args...)
		}
	}
	for _, m := range t.mails {
		write(qMail, m.delivery, m.message)
	}
	for _, r := range t.recipients {
		write(qRecipient, r.delivery, r.Position, r.Address, string(r.Kind), string(r.Status), r.source, r.created)
	}
	for key, r := range t.reached {
		write(qReached, key.delivery, key.position, string(r.Status), r.Code, clean(r.EnhancedCode), clean(r.Text), micros(r.UpdatedAt))
	}
	for _, a := range t.attempts {
		write(qAttempt, a.delivery, a.Number, micros(a.At), a.Duration.Microseconds(), clean(a.Stage), a.Code, clean(a.EnhancedCode), clean(a.Text), a.Outcome)
	}
	for key, count := range t.rollup {
		write(qCount, key.source, key.span, key.began, key.status, key.mailType, key.latency, t.db.Owner, count)
	}
	for _, delivery := range t.finished {
		write(qDone, delivery)
	}
	return err
}

// qArrays is flushRows in one statement, with an array for each column.
var qArrays = `WITH mails AS (INSERT INTO mail (delivery, message) SELECT * FROM unnest($1::bigint[], $2::bytea[])),
	recipients AS (INSERT INTO recipient (delivery, position, address, kind, status, code, enhanced_code, text, updated_at, source, created_at)
		SELECT r.delivery, r.position, r.address, r.kind, r.status, 0, '', '', 0, r.source, r.created_at
		FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[]) AS r(delivery, position, address, kind, status, source, created_at)),
	reached AS (UPDATE recipient SET status = r.status, code = r.code, enhanced_code = r.enhanced_code, text = r.text, updated_at = r.updated_at
		FROM unnest($10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::text[], $15::text[], $16::bigint[]) AS r(delivery, position, status, code, enhanced_code, text, updated_at)
		WHERE recipient.delivery = r.delivery AND recipient.position = r.position),
	attempts AS (INSERT INTO attempt (delivery, number, began_at, duration, stage, code, enhanced_code, text, outcome)
		SELECT * FROM unnest($17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::text[], $22::bigint[], $23::text[], $24::text[], $25::text[]) ON CONFLICT DO NOTHING),
	counted AS (INSERT INTO rollup (source, span, began_at, status, mail_type, latency, owner, count)
		SELECT r.source, r.span, r.began_at, r.status, r.mail_type, r.latency, $26, r.count
		FROM unnest($27::text[], $28::bigint[], $29::bigint[], $30::text[], $31::text[], $32::bigint[], $33::bigint[]) AS r(source, span, began_at, status, mail_type, latency, count)
		ON CONFLICT (source, span, began_at, status, mail_type, latency, owner) DO UPDATE SET count = rollup.count + excluded.count)
	DELETE FROM mail WHERE delivery = ANY($34::bigint[])`

// flushArrays writes the collected rows in one statement: one way to the server
// and back, however many they are.
func flushArrays(t *tx) error {
	var mails struct {
		delivery []int64
		message  [][]byte
	}
	for _, m := range t.mails {
		mails.delivery, mails.message = append(mails.delivery, m.delivery), append(mails.message, m.message)
	}
	var stored struct {
		delivery, position, created   []int64
		address, kind, status, source []string
	}
	for _, r := range t.recipients {
		s := &stored
		s.delivery, s.position, s.created = append(s.delivery, r.delivery), append(s.position, int64(r.Position)), append(s.created, r.created)
		s.address, s.kind = append(s.address, r.Address), append(s.kind, string(r.Kind))
		s.status, s.source = append(s.status, string(r.Status)), append(s.source, r.source)
	}
	var reached struct {
		delivery, position, code, updated []int64
		status, enhanced, text            []string
	}
	for key, r := range t.reached {
		s := &reached
		s.delivery, s.position = append(s.delivery, key.delivery), append(s.position, int64(key.position))
		s.code, s.updated = append(s.code, int64(r.Code)), append(s.updated, micros(r.UpdatedAt))
		s.status, s.enhanced, s.text = append(s.status, string(r.Status)), append(s.enhanced, clean(r.EnhancedCode)), append(s.text, clean(r.Text))
	}
	var attempts struct {
		delivery, number, began, duration, code []int64
		stage, enhanced, text, outcome          []string
	}
	for _, a := range t.attempts {
		s := &attempts
		s.delivery, s.number, s.code = append(s.delivery, a.delivery), append(s.number, int64(a.Number)), append(s.code, int64(a.Code))
		s.began, s.duration = append(s.began, micros(a.At)), append(s.duration, a.Duration.Microseconds())
		s.stage, s.enhanced = append(s.stage, clean(a.Stage)), append(s.enhanced, clean(a.EnhancedCode))
		s.text, s.outcome = append(s.text, clean(a.Text)), append(s.outcome, a.Outcome)
	}
	var counted struct {
		span, began, latency, count []int64
		source, status, mailType    []string
	}
	for key, n := range t.rollup {
		s := &counted
		s.span, s.began = append(s.span, key.span), append(s.began, key.began)
		s.latency, s.count = append(s.latency, key.latency), append(s.count, n)
		s.source, s.status, s.mailType = append(s.source, key.source), append(s.status, key.status), append(s.mailType, key.mailType)
	}
	_, err := t.sql.ExecContext(t.ctx, qArrays,
		mails.delivery, mails.message,
		stored.delivery, stored.position, stored.address, stored.kind, stored.status, stored.source, stored.created,
		reached.delivery, reached.position, reached.status, reached.code, reached.enhanced, reached.text, reached.updated,
		attempts.delivery, attempts.number, attempts.began, attempts.duration, attempts.stage, attempts.code, attempts.enhanced, attempts.text, attempts.outcome,
		t.db.Owner, counted.source, counted.span, counted.began, counted.status, counted.mailType, counted.latency, counted.count,
		t.finished)
	return err
}
