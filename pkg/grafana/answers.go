package grafana

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
)

// Answers says whether Grafana's API is at an address: nil if it is. No token is sent there.
func (c *Client) Answers(ctx context.Context, address string) error {
	u, ok := baseURL(trimmed(address))
	if !ok {
		return errNotGrafana
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath("api", "health").String(), nil)
	if err != nil {
		return errNotGrafana
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return unanswered(r, err)
	}
	defer func() { _ = answer.Body.Close() }()
	var health struct {
		Database *string `json:"database"`
	}
	// 503 is Grafana whose database fails: Grafana all the same.
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusServiceUnavailable ||
		json.NewDecoder(io.LimitReader(answer.Body, 64<<10)).Decode(&health) != nil || health.Database == nil {
		return errNotGrafana
	}
	return nil
}
