package api

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// KeptFor is how long the service keeps what it knows of a mail.
const KeptFor = 90 * 24 * time.Hour

const (
	timeLayout = "2006-01-02 15:04:05" // of the service, in Korea's time
	pageSize   = 1000                  // the most that the service takes
	maxPages   = 5
)

// Mail is one mail to one recipient, as the service lists it.
type Mail struct {
	RequestID  string
	Time       time.Time // when it was taken; zero if that cannot be read
	Sender     string
	Recipient  string
	Kind       string // to, cc or bcc
	Subject    string
	Status     Status
	Code       string    // of the status, as the service has it: "SST2"
	Received   time.Time // by the recipient's server, or when it was given up; zero: not yet
	Opened     time.Time // zero: not, or it cannot be told
	DSNCode    string    // RFC 3463, such as "5.1.1"
	DSNMessage string
}

// Mails is what the service lists.
type Mails struct {
	Mails []Mail // the newest first
	// Total is how many it has. There are more than those that were read when it is
	// larger than Read.
	Total, Read int
}

// Incomplete says whether the service has more than was read.
func (m Mails) Incomplete() bool { return m.Read < m.Total }

// List reads the mails of one sender that were sent within a time.
func (c *Client) List(ctx context.Context, sender string, from, to time.Time) (Mails, error) {
	query := url.Values{
		// In whole minutes, so that panels that ask at about the same time ask the same.
		"startSendDate": {from.Truncate(time.Minute).In(Korea).Format(timeLayout)},
		"endSendDate":   {to.Add(time.Minute - 1).Truncate(time.Minute).In(Korea).Format(timeLayout)},
		"senderAddress": {sender},
		"pageSize":      {strconv.Itoa(pageSize)},
	}
	var found Mails
	for page := 1; page <= maxPages; page++ {
		query.Set("pageNum", strconv.Itoa(page))
		body, err := c.ask(ctx, "/sender/mails", query)
		if err != nil {
			return Mails{}, err
		}
		var answer struct {
			Body struct {
				TotalCount int       `json:"totalCount"`
				Data       []mailRow `json:"data"`
			} `json:"body"`
		}
		if json.Unmarshal(body, &answer) != nil {
			return Mails{}, errNotTheAPI
		}
		found.Total = answer.Body.TotalCount
		found.Read += len(answer.Body.Data)
		for _, row := range answer.Body.Data {
			// Others may send with the same AppKey, and a Viewer shall not read of their mail.
			if m := c.mail(row); strings.EqualFold(m.Sender, sender) && (m.Time.IsZero() || !m.Time.Before(from) && !m.Time.After(to)) {
				found.Mails = append(found.Mails, m)
			}
		}
		if !found.Incomplete() || len(answer.Body.Data) == 0 {
			break
		}
	}
	slices.SortStableFunc(found.Mails, func(a, b Mail) int { return b.Time.Compare(a.Time) })
	return found, nil
}

// mailRow is a row of sender/mails.
type mailRow struct {
	RequestID       string `json:"requestId"`
	RequestDate     string `json:"requestDate"`
	SenderAddress   string `json:"senderAddress"`
	Title           string `json:"title"`
	MailStatusCode  string `json:"mailStatusCode"`
	IsReceived      *bool  `json:"isReceived"`
	ResultDate      string `json:"resultDate"`
	OpenedDate      string `json:"openedDate"`
	ReceiveMailAddr string `json:"receiveMailAddr"`
	ReceiveType     string `json:"receiveType"`
	DSNCode         string `json:"dsnCode"`
	DSNMessage      string `json:"dsnMessage"`
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

// subject is a subject in full: it is compared with that of the delivery log.
func (c *Client) subject(title string) string {
	const longest = 2000 // twice what the service takes
	return failure.Printable(c.redact(title[:min(len(title), longest)]))
}

// inKorea reads a time of the service; zero if there is none.
func inKorea(text string) time.Time {
	t, err := time.ParseInLocation(timeLayout, strings.TrimSpace(text), Korea)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
