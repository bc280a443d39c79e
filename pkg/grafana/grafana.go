// Package grafana asks Grafana's HTTP API for what a notification does not say. It only
// reads, with a token that an operator gives for that.
package grafana

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

const (
	within      = 10 * time.Second // how long a request may take if its caller is more patient
	maxBody     = 4 << 20          // octets in an answer
	connections = 16               // to one Grafana
)

// Client asks Grafana on behalf of the data sources of a process.
type Client struct{ http *http.Client }

// NewClient makes a client, with the one connection pool of the process.
func NewClient() *Client {
	timeouts := httpclient.DefaultTimeoutOptions
	timeouts.Timeout, timeouts.DialTimeout, timeouts.TLSHandshakeTimeout = within, 3*time.Second, 3*time.Second
	timeouts.MaxConnsPerHost, timeouts.MaxIdleConnsPerHost, timeouts.IdleConnTimeout = connections, connections, 30*time.Second
	c, err := httpclient.New(httpclient.Options{
		Timeouts: &timeouts,
		// None, for the SDK's own write addresses into spans.
		Middlewares:        []httpclient.Middleware{},
		ConfigureTransport: func(_ httpclient.Options, t *http.Transport) { t.MaxResponseHeaderBytes = 64 << 10 },
	})
	if err != nil { // it cannot, without files for TLS
		c = &http.Client{Timeout: within}
	}
	// The target of a redirection would get the token.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{c}
}

// Close closes the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// ask sends a request and decodes the answer into v, unless that is nil. An answer with
// another status than 200 and these is an error.
func (c *Client) ask(ctx context.Context, a Access, method, path string, body, v any, statuses ...int) error {
	if !a.Known() {
		return failure.New(failure.Settings, "there is no token for Grafana's API", failure.Hint{})
	}
	var sent io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.URL+path, sent)
	if err != nil {
		return failure.New(failure.Settings, "the address of Grafana is not valid", failure.Hint{})
	}
	r.Header.Set("Authorization", "Bearer "+a.Token.Reveal())
	r.Header.Set("Accept", "application/json")
	// Grafana refuses a token of another organization: what a data source may ask for is
	// that of its own.
	r.Header.Set("X-Grafana-Org-Id", strconv.FormatInt(a.Org, 10))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return unanswered(r, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK && !slices.Contains(statuses, answer.StatusCode) {
		return refused(answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	switch {
	case err != nil:
		return unanswered(r, err)
	case len(text) > maxBody:
		return failure.New(failure.Protocol, fmt.Sprintf("Grafana's answer is larger than %d MiB", maxBody>>20), failure.Hint{})
	case v != nil && json.Unmarshal(text, v) != nil:
		return errNotGrafana // the error may quote the answer
	}
	return nil
}

// errNotGrafana does not quote the answer, which may come from any server.
var errNotGrafana error = failure.New(failure.Protocol, "what answers at Grafana's address is not Grafana's API", failure.Hint{})

// ErrToken is the cause of a failure for every request with the same token for the same
// organization.
var ErrToken = errors.New("the token is not taken by Grafana")

// refused is the failure that a status stands for. Grafana's words are not repeated: they
// may quote the query.
func refused(status int) error {
	code, means := failure.Permanent, ""
	var cause error
	switch {
	case status == http.StatusUnauthorized:
		code, cause, means = failure.Refused, ErrToken, ": it does not take the token, or that is of another organization"
	case status == http.StatusForbidden:
		code, means = failure.Refused, ": the token may not read this"
	case status == http.StatusNotFound:
		code, means = failure.NotFound, ": it does not know this"
	case status == http.StatusTooManyRequests:
		code = failure.Rate
	case status >= 500:
		code = failure.Transient
	case status >= 300 && status < 400:
		code, means = failure.Protocol, ": it redirects, so that the address is not Grafana's own"
	}
	return &failure.Error{Code: code, Message: fmt.Sprintf("Grafana answers %d%s", status, means), Err: cause}
}

// unanswered is the failure of a request that has no answer. It holds neither what was
// asked nor what was answered.
func unanswered(r *http.Request, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if cause := context.Cause(r.Context()); errors.Is(cause, context.Canceled) {
		return cause
	}
	network, isNetwork := errors.AsType[net.Error](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(r.Context().Err(), context.DeadlineExceeded), isNetwork && network.Timeout():
		return &failure.Error{Code: failure.Timeout, Message: "Grafana has not answered in time", Err: context.DeadlineExceeded}
	case certificate:
		return failure.New(failure.TLS, "there is no trusted TLS connection to Grafana: "+failure.Bounded(err.Error()), failure.Hint{})
	case isNetwork:
		return failure.New(failure.Network, "there is no connection to Grafana: "+failure.Bounded(err.Error()), failure.Hint{})
	}
	return errNotGrafana
}

// Health has a data source's health checked, which also makes Grafana start it. Whether
// it is well is not told.
func (c *Client) Health(ctx context.Context, a Access, uid string) error {
	return c.ask(ctx, a, http.MethodGet, "/api/datasources/uid/"+url.PathEscape(uid)+"/health", nil, nil, http.StatusBadRequest)
}

// trimmed returns the first address that is not empty, without the slash at its end.
func trimmed(addresses ...string) string { return strings.TrimRight(cmp.Or(addresses...), "/") }
