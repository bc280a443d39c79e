package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// header is part of every answer.
type header struct {
	IsSuccessful  *bool  `json:"isSuccessful"`
	ResultCode    int    `json:"resultCode"`
	ResultMessage string `json:"resultMessage"`
}

// fetch sends a question and returns the body of the answer if that is a success.
func (c *Client) fetch(question string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(c.life, c.within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+question, nil)
	if err != nil {
		return nil, errNotTheAPI // err quotes the URL, which has the AppKey
	}
	r.Header.Set("X-Secret-Key", c.secret.Reveal())
	r.Header.Set("Accept", "application/json")
	response, err := c.http.Do(r)
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, c.unanswered(ctx, err)
	case len(body) > maxBody:
		return nil, errTooLarge
	}
	var answer struct {
		Header header `json:"header"`
	}
	readable := json.Unmarshal(body, &answer) == nil && answer.Header.IsSuccessful != nil
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, c.refusedBy(response.Status, response.StatusCode, answer.Header)
	case !readable:
		return nil, errNotTheAPI
	case !*answer.Header.IsSuccessful:
		return nil, c.refusedBy("", 0, answer.Header)
	}
	return body, nil
}

// words returns text of the service in a form that may be shown.
func (c *Client) words(text string) string { return failure.Bounded(c.redact(text)) }

// redact removes the SecretKey and the AppKey from a text: the service may repeat what it
// was sent.
func (c *Client) redact(text string) string {
	for _, hidden := range []string{c.secret.Reveal(), c.appKey} {
		if hidden != "" {
			text = strings.ReplaceAll(text, hidden, "[redacted]")
		}
	}
	return text
}
