package servicetest

import (
	"cmp"
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// silent drops net/http's log lines about handshakes that clients break off.
var silent = log.New(io.Discard, "", 0)

// Korea is the time zone of the service's times.
var Korea = time.FixedZone("KST", 9*60*60)

const layout = "2006-01-02 15:04:05"

type object = map[string]any

func write(w http.ResponseWriter, body object) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nothing is left to tell it
}

func answer(w http.ResponseWriter, key string, value any) {
	write(w, object{"header": object{"isSuccessful": true, "resultCode": 0, "resultMessage": "SUCCESS"}, key: value})
}

// refuse answers like the service when it rejects a request: with the status 200 and a
// code.
func refuse(w http.ResponseWriter, code int, message string) {
	write(w, object{"header": object{"isSuccessful": false, "resultCode": code, "resultMessage": message}})
}

func (s *Service) listMails(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	from, err1 := time.ParseInLocation(layout, query.Get("startSendDate"), Korea)
	to, err2 := time.ParseInLocation(layout, query.Get("endSendDate"), Korea)
	if err1 != nil || err2 != nil {
		refuse(w, -2049, "The 'requestId' or ('startSendDate' and 'endSendDate') are required.")
		return
	}
	size, err := strconv.Atoi(cmp.Or(query.Get("pageSize"), "15"))
	page, err2 := strconv.Atoi(cmp.Or(query.Get("pageNum"), "1"))
	if err != nil || err2 != nil || size < 1 || size > 1000 || page < 1 {
		refuse(w, -2048, "You can set the size up to 1000. pageSize: "+query.Get("pageSize"))
		return
	}
	if s.options.PageSize > 0 {
		size = min(size, s.options.PageSize)
	}
	found := s.within(from, to)
	rows := []object{}
	for _, m := range found {
		if sender := query.Get("senderAddress"); sender == "" || sender == m.Sender {
			rows = append(rows, m.row())
		}
	}
	total := len(rows)
	rows = rows[min(total, (page-1)*size):min(total, page*size)]
	answer(w, "body", object{"pageNum": page, "pageSize": size, "totalCount": total, "data": rows})
}

// within returns the mails in a time range, the newest first.
func (s *Service) within(from, to time.Time) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := slices.DeleteFunc(slices.Clone(s.mails), func(m Mail) bool { return m.Time.Before(from) || m.Time.After(to) })
	slices.SortStableFunc(found, func(a, b Mail) int { return b.Time.Compare(a.Time) })
	return found
}

func (m Mail) row() object {
	date := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return t.In(Korea).Format(layout)
	}
	return object{
		"requestId": m.RequestID, "mailSeq": 0, "requestDate": date(m.Time), "templateId": nil, "templateName": nil,
		"senderName": "Grafana", "senderAddress": m.Sender, "title": m.Subject,
		"mailStatusCode": m.Code, "mailStatusName": "발송완료", "isReceived": !m.Received.IsZero(), "resultDate": date(m.Received),
		"isOpened": !m.Opened.IsZero(), "openedDate": date(m.Opened),
		"receiveMailAddr": m.Recipient, "receiveType": cmp.Or(m.Kind, "MRT0"), "receiveTypeName": "받는사람", "receiveName": nil,
		"senderGroupingKey": nil, "dsnCode": m.DSNCode, "dsnMessage": m.DSNMessage, "statsId": nil,
	}
}

// units maps the time units of statistics to their lengths.
var units = map[string]time.Duration{"MINUTES": time.Minute, "HOURS": time.Hour, "DAYS": 24 * time.Hour}

func (s *Service) stats(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	const iso = "2006-01-02T15:04:05.000Z07:00"
	from, err1 := time.Parse(iso, query.Get("from"))
	to, err2 := time.Parse(iso, query.Get("to"))
	unit, known := units[cmp.Or(query.Get("timeUnit"), "HOURS")]
	criterion := cmp.Or(query.Get("statsCriteria"), "EVENT")
	switch {
	case query.Get("eventCategory") != "MESSAGE" || err1 != nil || err2 != nil || !known:
		refuse(w, -2200, "Invalid statistics search parameter.")
		return
	case !from.Before(to):
		refuse(w, -2201, "The 'from' must be before 'to'")
		return
	case from.Before(time.Now().Add(-30*24*time.Hour - time.Hour)):
		refuse(w, -2202, "Invalid duration time.")
		return
	}
	counted := map[time.Time]map[string]int{}
	senders := query["extra2s"]
	for _, m := range s.within(from, to) {
		if len(senders) > 0 && !slices.Contains(senders, domain(m.Sender)) {
			continue
		}
		// A unit begins by Korea's clock.
		_, east := m.Time.In(Korea).Zone()
		shift := time.Duration(east) * time.Second
		at := m.Time.Add(shift).Truncate(unit).Add(-shift)
		if counted[at] == nil {
			counted[at] = map[string]int{}
		}
		for _, event := range m.events() {
			if criterion == "EXTRA_3" {
				event = domain(m.Recipient) + "." + event
			}
			counted[at][event]++
		}
	}
	rows := []object{}
	for _, at := range slices.SortedFunc(maps.Keys(counted), time.Time.Compare) {
		rows = append(rows, object{"eventDateTime": at.In(Korea).Format(iso), "events": counted[at]})
	}
	answer(w, "stats", rows)
}

// events lists the events of a mail, by the names that the statistics use.
func (m Mail) events() []string {
	all := []string{"REQUESTED"}
	switch m.Code {
	case "SST0", "SST1", "SST4":
	case "SST2":
		all = append(all, "SENT", "RECEIVED")
	default:
		all = append(all, "SENT", "SENT_FAILED")
	}
	if !m.Opened.IsZero() {
		all = append(all, "OPENED")
	}
	return all
}
