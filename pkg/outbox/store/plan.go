package store

import (
	"context"
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
	if f.Digest != "" {
		one := stream{"delivery", "sequence", func(a *arguments) string {
			return "source = " + a.add(f.Source) + " AND sequence IN (SELECT n.delivery FROM delivery AS g JOIN note AS n ON n.digest = g.sequence WHERE g.id = " +
				a.add(f.Digest) + " AND g.source = " + a.add(f.Source) + ")"
		}}
		return []stream{one}, true, nil
	}
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
					return "source = " + a.add(f.Source) + " AND folded = " + a.add(address)
				}})
			}
			return streams, len(f.Statuses)+len(f.MailTypes) > 0 || f.Text != "", nil
		}
	}
	streams, err = s.byState()
	return streams, len(f.Recipients) > 0 || f.Text != "", err
}

// different is a query for the values of a column, of which there are few, by going
// from one to the next by an index, from the first that meets one more condition.
func different(column, rows, first string) string {
	return `WITH RECURSIVE d(value) AS (
		SELECT (SELECT min(` + column + `) FROM ` + rows + first + `)
		UNION ALL
		SELECT (SELECT min(` + column + `) FROM ` + rows + ` AND ` + column + ` > d.value) FROM d WHERE d.value IS NOT NULL)
		SELECT value FROM d WHERE value IS NOT NULL`
}

// addresses finds the folded addresses of the log that match the filter. known is false
// where there are too many different ones.
func (s *search) addresses() (matching []string, known bool, err error) {
	var parts []string
	for _, part := range s.f.Recipients {
		parts = append(parts, folded(fit(part)))
	}
	const chunk = 1000
	last := ""
	for seen := 0; seen < maxAddresses && time.Since(s.began) < searchTime; seen += chunk {
		some, err := column[string](s, different("folded", "recipient WHERE source = $1", " AND folded > $2")+" LIMIT $3", s.f.Source, last, chunk)
		for _, last = range some {
			if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(last, part) }) {
				matching = append(matching, last)
			}
		}
		if err != nil || len(some) < chunk {
			return matching, true, err
		}
	}
	return nil, false, nil
}

// Recipients returns the different folded addresses in the log of a source, up to limit.
func (db *database) Recipients(ctx context.Context, source string, limit int) (all []string, err error) {
	err = db.reading(ctx, source, "reading the recipients", func(r reader) (err error) {
		all, err = column[string](r, different("folded", "recipient WHERE source = $1", "")+" LIMIT $2", source, limit)
		return err
	})
	return all, err
}

// byState has a stream for each final state and mail type, and one for what is
// not final.
func (s *search) byState() (streams []stream, err error) {
	asked := s.f.Statuses
	if len(asked) == 0 {
		asked = Statuses()
	}
	// What is open now may be final when the streams are read.
	types, err := s.mailTypes("finished_at IS NULL")
	if err != nil {
		return nil, err
	}
	open := false
	for _, status := range unique(asked) {
		if !status.Final() {
			open = true
			continue
		}
		final, err := s.mailTypes("status = $2 AND finished_at IS NOT NULL", string(status))
		if err != nil {
			return nil, err
		}
		for _, mailType := range unique(append(final, types...)) {
			streams = append(streams, stream{"delivery", "sequence", func(a *arguments) string {
				return "finished_at IS NOT NULL AND source = " + a.add(s.f.Source) + " AND status = " + a.add(string(status)) + " AND mail_type = " + a.add(mailType)
			}})
		}
	}
	if open {
		streams = append(streams, stream{"delivery", "sequence", func(a *arguments) string {
			return strings.Join(append([]string{"finished_at IS NULL AND source = " + a.add(s.f.Source)}, s.ofState(a)...), " AND ")
		}})
	}
	return streams, nil
}

// mailTypes returns the mail types in question: those asked for, or those of the
// deliveries that meet the condition.
func (s *search) mailTypes(condition string, args ...any) ([]string, error) {
	if len(s.f.MailTypes) > 0 {
		return s.f.MailTypes, nil
	}
	return column[string](s, different("mail_type", "delivery WHERE source = $1 AND "+condition, ""), append([]any{s.f.Source}, args...)...)
}
