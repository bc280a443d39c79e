package alert

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
)

// names are the keys in order.
func (kv KV) names() []string { return slices.Sorted(maps.Keys(kv)) }

// framed is a sequence of strings and numbers to be hashed. Each string has its
// length in front, so that no two sequences are alike.
type framed []byte

func (f *framed) add(s string) {
	f.number(int64(len(s)))
	*f = append(*f, s...)
}

func (f *framed) number(n int64) {
	*f = binary.BigEndian.AppendUint64(*f, uint64(n))
}

func (f *framed) instant(t time.Time) {
	f.number(t.Unix())
	f.number(int64(t.Nanosecond()))
}

// sum is the hash of the sequence.
func (f *framed) sum() string { return digest(*f) }

// digest is the first 144 bits of the SHA-256 of b: enough to tell everything
// apart, and short, for each delivery has several in its rows and indexes.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

// alert adds what identifies an alert: its fingerprint, or its labels where the
// sender gave none.
func (f *framed) alert(a *Alert) {
	if a.Fingerprint != "" {
		f.add("fingerprint")
		f.add(a.Fingerprint)
		return
	}
	f.add("labels")
	f.number(int64(len(a.Labels)))
	for _, name := range a.Labels.names() {
		f.add(name)
		f.add(a.Labels[name])
	}
}

// mark tells one alert in one state from every other: SHA-256 over its
// fingerprint, or its labels where the sender gave none, status, start and end.
type mark [sha256.Size]byte

func markOf(a *Alert) mark {
	f := make(framed, 0, 256) // more than an alert with a fingerprint takes
	f.alert(a)
	f.add(a.Status)
	f.instant(a.StartsAt)
	f.instant(a.EndsAt)
	return sha256.Sum256(f)
}

// identity is the hash of a group and the set of its alerts. The number of
// alerts that the sender truncated takes part: another number is another set.
func identity(groupKey string, truncated int, marks []mark) string {
	slices.SortFunc(marks, func(a, b mark) int { return bytes.Compare(a[:], b[:]) })
	var f framed
	f.add(groupKey)
	f.number(int64(truncated))
	for _, m := range slices.Compact(marks) {
		f = append(f, m[:]...)
	}
	return f.sum()
}

// DeliveryIdentity is equal for two requests that must not become two mails:
// same data source, notification, recipients in the same roles, and mail type. It is the
// key by which the outbox deduplicates.
func DeliveryIdentity(source string, n *Notification, r *Recipients) string {
	named := r.named()
	var keys []string
	for kind, list := range map[string][]address.Address{"to": named.To, "cc": named.Cc, "bcc": named.Bcc} {
		for _, a := range list {
			keys = append(keys, kind+" "+a.Key())
		}
	}
	slices.Sort(keys)
	var f framed
	f.add(source)
	f.add(n.Identity())
	f.add(strings.Join(keys, "\n"))
	f.add(string(r.MailType))
	f.teams(r)
	return f.sum()
}

// Conversation is equal for the notifications of one conversation: same data
// source and group key, mailed to the same mailboxes. What the alerts say, the
// mail type and how the recipients are addressed take no part: a later mail of
// a conversation tells the same people how the same group stands now.
func Conversation(source string, n *Notification, r *Recipients) string {
	var keys []string
	for _, a := range r.named().All() {
		keys = append(keys, a.Key())
	}
	slices.Sort(keys)
	var f framed
	f.add(source)
	f.add(n.GroupKey)
	for _, key := range slices.Compact(keys) {
		f.add(key)
	}
	f.teams(r)
	return f.sum()
}

// named are the recipients that two replicas agree on: teams stand for their members, which
// one may know and another not, or not any more.
func (r *Recipients) named() *Recipients { return cmp.Or(r.withoutTeams, r) }

// teams adds the teams' names.
func (f *framed) teams(r *Recipients) {
	if len(r.Teams) > 0 {
		f.add("teams") // no mailbox
	}
	for _, name := range r.Teams {
		f.add(name)
	}
}
