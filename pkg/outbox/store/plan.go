package store

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// stream is a part of the log that an index holds in the order of the log.
type stream struct {
	table     string
	sequence  string // the column that has the delivery's sequence
	condition func(*arguments) string
}

// maxAddresses is how many different addresses a search looks at before it
// goes through the log itself.
const maxAddresses = 20_000

// plan chooses the streams that hold every delivery in question, the fewest that
// there are indexes for. rest says that they hold others, too.
func (s *search) plan() (streams []stream, rest bool, err error) {
	f := s.f
	if id, _, _ := strings.Cut(f.Text, "@"); len(id) == 36 && uuid.Validate(id) == nil { // a Message-ID begins with the delivery's
		one := stream{"delivery", "sequence", func(a *arguments) string { return "source = " + a.add(f.Source) + " AND id = " + a.add(id) }}
		return []stream{one}, true, nil
	}
	if len(f.Recipients) > 0 {
		addresses, known, err := s.addresses()
		if err != nil || known && len(addresses) == 0 {
			return nil, false, err
		}
		if known && len(addresses) <= min(max(20_000/f.Limit, 20), 200) {
			for _, address := range addresses {
				streams = append(streams, stream{"recipient", "delivery", func(a *arguments) string {
					return "source = " + a.add(f.Source) + " AND address = " + a.add(address)
				}})
			}
			return streams, len(f.Statuses)+len(f.MailTypes) > 0 || f.Text != "", nil
		}
	}
	streams, err = s.byState()
	return streams, len(f.Recipients) > 0 || f.Text != "", err
}

// addresses finds the addresses of the log that match the filter, by going from
// one different address to the next. known is false where there are too many.
func (s *search) addresses() (matching []string, known bool, err error) {
	const q = `WITH RECURSIVE a(address) AS (
		SELECT (SELECT min(address) FROM recipient WHERE source = $1 AND address > $2)
		UNION ALL
		SELECT (SELECT min(address) FROM recipient WHERE source = $1 AND address > a.address) FROM a WHERE a.address IS NOT NULL)
		SELECT address FROM a WHERE address IS NOT NULL LIMIT $3`
	parts := make([]string, len(s.f.Recipients))
	for i, part := range s.f.Recipients {
		parts[i] = strings.ToLower(clean(part))
	}
	parts = unique(parts)
	last := ""
	for seen := 0; seen < maxAddresses; {
		const chunk = 1000
		n := 0
		rows, err := s.db.reads.QueryContext(s.ctx, q, s.f.Source, last, chunk)
		err = scanAll(rows, err, func(rows scanner) error {
			n++
			err := rows.Scan(&last)
			lower := strings.ToLower(last)
			if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(lower, part) }) {
				matching = append(matching, last)
			}
			return err
		})
		if err != nil || n < chunk {
			return matching, true, err
		}
		if seen += n; time.Since(s.began) > searchTime {
			break
		}
	}
	return nil, false, nil
}

// byState has a stream for each final state and mail type, and one for what is
// not final.
func (s *search) byState() (streams []stream, err error) {
	asked := s.f.Statuses
	if len(asked) == 0 {
		asked = Statuses()
	}
	open := false
	for _, status := range unique(asked) {
		if !status.Final() {
			open = true
			continue
		}
		types := unique(s.f.MailTypes)
		if len(types) == 0 {
			if types, err = s.typesOf(status); err != nil {
				return nil, err
			}
		}
		for _, mailType := range types {
			streams = append(streams, stream{"delivery", "sequence", func(a *arguments) string {
				return "finished_at IS NOT NULL AND source = " + a.add(s.f.Source) + " AND status = " + a.add(string(status)) + " AND mail_type = " + a.add(mailType)
			}})
		}
	}
	if open {
		streams = append(streams, stream{"delivery", "sequence", func(a *arguments) string {
			conditions := []string{"finished_at IS NULL AND source = " + a.add(s.f.Source)}
			if len(s.f.Statuses) > 0 {
				conditions = append(conditions, s.status(a))
			}
			if len(s.f.MailTypes) > 0 {
				conditions = append(conditions, a.in("mail_type", s.f.MailTypes))
			}
			return strings.Join(conditions, " AND ")
		}})
	}
	return streams, nil
}

// typesOf lists the mail types of the deliveries in a final state.
func (s *search) typesOf(status Status) (types []string, err error) {
	const q = `WITH RECURSIVE types(mail_type) AS (
		SELECT (SELECT min(mail_type) FROM delivery WHERE source = $1 AND status = $2 AND finished_at IS NOT NULL)
		UNION ALL
		SELECT (SELECT min(mail_type) FROM delivery WHERE source = $1 AND status = $2 AND finished_at IS NOT NULL AND mail_type > types.mail_type)
			FROM types WHERE types.mail_type IS NOT NULL)
		SELECT mail_type FROM types WHERE mail_type IS NOT NULL`
	rows, err := s.db.reads.QueryContext(s.ctx, q, s.f.Source, string(status))
	err = scanAll(rows, err, func(rows scanner) error {
		var mailType string
		err := rows.Scan(&mailType)
		types = append(types, mailType)
		return err
	})
	return types, err
}
