package api

import (
	"context"
	"encoding/json"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// KeptFor is how long the service keeps its record of a mail.
const KeptFor = 90 * 24 * time.Hour

const (
	timeLayout = "2006-01-02 15:04:05" // of the service's times, in Korea's time zone
	pageSize   = 1000                  // the most that the service allows
	maxPages   = 5
)

// Mail is one mail to one recipient, as the service lists it.
type Mail struct {
	RequestID  string
	Time       time.Time // when the service accepted it; zero if that cannot be read
	Sender     string
	Recipient  string
	Kind       string // to, cc or bcc
	Subject    string
	Status     Status
	Code       string    // of the status, as the service has it: "SST2"
	Received   time.Time // when the recipient's server accepted it, or the service gave up; zero: not yet
	Opened     time.Time // zero: not opened, or not known
	DSNCode    string    // RFC 3463, such as "5.1.1"
	DSNMessage string
}

// Mails is what the service lists.
type Mails struct {
	Mails []Mail // the newest first
	// Total is how many mails the service has, and Read how many of them were read.
	Total, Read int
}

// Incomplete says whether the service has more than was read.
func (m Mails) Incomplete() bool { return m.Read < m.Total }

// List reads the mails of one sender in a time range.
func (c *Client) List(ctx context.Context, sender string, from, to time.Time) (Mails, error) {
	if from.After(to) {
		return Mails{}, nil
	}
	query := url.Values{
		// In whole minutes, so that panels that refresh together share one request.
		"startSendDate": {from.Truncate(time.Minute).In(Korea).Format(timeLayout)},
		"endSendDate":   {to.Add(time.Minute - 1).Truncate(time.Minute).In(Korea).Format(timeLayout)},
		"senderAddress": {sender},
		"pageSize":      {strconv.Itoa(pageSize)},
	}
	var found Mails
	known := map[mailID]bool{} // of earlier pages: between two of them, rows may move on
	for page := 1; page <= maxPages; page++ {
		query.Set("pageNum", strconv.Itoa(page))
		total, rows, err := c.page(ctx, query)
		if err != nil {
			return Mails{}, err
		}
		rows = slices.DeleteFunc(rows, func(r mailRow) bool { return known[r.id()] })
		found.Total = total
		found.Read += len(rows)
		for _, row := range rows {
			known[row.id()] = true
			// Others may send with the same AppKey, and a Viewer must not see their mail.
			if m := c.mail(row); strings.EqualFold(m.Sender, sender) && (m.Time.IsZero() || !m.Time.Before(from) && !m.Time.After(to)) {
				found.Mails = append(found.Mails, m)
			}
		}
		if len(rows) == 0 || found.Read == found.Total {
			found.Total = max(found.Total, found.Read)
			break
		}
	}
	if found.Total < found.Read { // no total, and the last page that was read has mails: there may be more
		found.Total = found.Read + 1
	}
	slices.SortStableFunc(found.Mails, func(a, b Mail) int { return b.Time.Compare(a.Time) })
	return found, nil
}

// page reads one page of the list, and the total number of mails.
func (c *Client) page(ctx context.Context, query url.Values) (total int, rows []mailRow, err error) {
	body, err := c.ask(ctx, "/sender/mails", query)
	if err != nil {
		return 0, nil, err
	}
	var answer struct {
		Body struct {
			TotalCount int       `json:"totalCount"`
			Data       []mailRow `json:"data"`
		} `json:"body"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return 0, nil, errNotTheAPI
	}
	return answer.Body.TotalCount, answer.Body.Data, nil
}

// mailRow is a row of sender/mails.
type mailRow struct {
	RequestID       string          `json:"requestId"`
	MailSeq         json.RawMessage `json:"mailSeq"`
	RequestDate     string          `json:"requestDate"`
	SenderAddress   string          `json:"senderAddress"`
	Title           string          `json:"title"`
	MailStatusCode  string          `json:"mailStatusCode"`
	IsReceived      *bool           `json:"isReceived"`
	ResultDate      string          `json:"resultDate"`
	OpenedDate      string          `json:"openedDate"`
	ReceiveMailAddr string          `json:"receiveMailAddr"`
	ReceiveType     string          `json:"receiveType"`
	DSNCode         string          `json:"dsnCode"`
	DSNMessage      string          `json:"dsnMessage"`
}

// mailID identifies a mail within a list.
type mailID struct {
	request, seq, date, recipient, kind string
}

func (r mailRow) id() mailID {
	return mailID{r.RequestID, string(r.MailSeq), r.RequestDate, r.ReceiveMailAddr, r.ReceiveType}
}

var kinds = map[string]string{"MRT0": "to", "MRT1": "cc", "MRT2": "bcc"}

func (c *Client) mail(r mailRow) Mail {
	return Mail{
		RequestID: c.words(r.RequestID), Time: inKorea(r.RequestDate),
		Sender: c.words(r.SenderAddress), Recipient: c.words(r.ReceiveMailAddr), Kind: kinds[r.ReceiveType],
		Subject: c.subject(r.Title), Status: statusOf(r.MailStatusCode, r.IsReceived), Code: c.words(r.MailStatusCode),
		Received: inKorea(r.ResultDate), Opened: inKorea(r.OpenedDate),
		DSNCode: c.words(r.DSNCode), DSNMessage: c.words(r.DSNMessage),
	}
}

// longestTitle bounds a subject, in octets: the service takes 998 characters.
const longestTitle = 4 * 998

// subject returns the whole subject, since it is compared with that of the delivery log.
// The service may list it encoded as in the mail's header (RFC 2047).
func (c *Client) subject(title string) string {
	if decoded, err := new(mime.WordDecoder).DecodeHeader(title); err == nil {
		title = decoded
	}
	title = failure.Printable(c.redact(title))
	return strings.ToValidUTF8(title[:min(len(title), longestTitle)], "")
}

// inKorea reads a time of the service; zero if it cannot be read.
func inKorea(text string) time.Time {
	t, err := time.ParseInLocation(timeLayout, strings.TrimSpace(text), Korea)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
