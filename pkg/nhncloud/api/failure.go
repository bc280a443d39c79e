package api

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"golang.org/x/net/http2"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

var (
	errTooOften error = failure.New(failure.Rate, "the service's API was asked too often by this data source", failure.ServiceBusy.With())
	errTooLarge error = failure.New(failure.Protocol, fmt.Sprintf("the answer of the service's API is larger than %d MiB", maxBody>>20), failure.ServiceNarrow.With())
	// errClosed is the answer to callers that still wait at Close.
	errClosed error = &failure.Error{
		Code: failure.Unavailable, Message: "the data source's settings were saved while the service's API was asked",
		Hint: failure.AskLater.With("seconds", "5"), Err: context.Canceled,
	}
	// errNotTheAPI does not quote the answer, which may come from any server.
	errNotTheAPI error = failure.New(failure.Protocol, "what answers at serviceUrl is not the service's API", failure.ServiceAddress.With())
)

// aboutCredentials holds the error codes that reject the AppKey, its service or the
// SecretKey, from the service's list of error codes.
var aboutCredentials = map[int]bool{-1000: true, -1001: true, -1002: true, -1003: true, -1004: true}

// The error codes for too many requests, and the one for a fault of the service.
const (
	codeBlocked  = -1005
	codeTooMuch  = -2043
	codeInternal = -9999
)

// refusedBy returns the failure that an answer stands for, by its HTTP status or by the
// header in its body.
func (c *Client) refusedBy(status string, code int, h header) error {
	said := c.words(strings.TrimSpace(status))
	if h.ResultCode != 0 {
		said = strings.TrimSpace(fmt.Sprintf("%s %d %s", said, h.ResultCode, c.words(h.ResultMessage)))
	}
	is, hint := failure.Permanent, failure.ServiceCode
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden || aboutCredentials[h.ResultCode]:
		is, hint = failure.Refused, failure.Credentials
	case code == http.StatusTooManyRequests || h.ResultCode == codeBlocked || h.ResultCode == codeTooMuch:
		is, hint = failure.Rate, failure.ServiceBusy
	case code >= 500 || h.ResultCode == codeInternal:
		is, hint = failure.Transient, failure.ServiceFault
	case code >= 300 && h.ResultCode == 0: // a redirection, or another server's page
		is, hint = failure.Protocol, failure.ServiceAddress
	}
	return failure.New(is, "the service's API answers "+cmp.Or(said, "that it has failed"), hint.With())
}

// unanswered returns the failure of a request that has no answer. It repeats only those
// causes that hold neither the URL, which has the AppKey, nor a proxy's password.
func (c *Client) unanswered(ctx context.Context, err error) error {
	network, isNetwork := errors.AsType[*net.OpError](err)
	switch {
	case c.life.Err() != nil:
		return errClosed
	case errors.Is(ctx.Err(), context.DeadlineExceeded), isTimeout(err):
		return failure.New(failure.Timeout, fmt.Sprintf("the service's API has not answered within %s", c.within), failure.ServiceUnreachable.With("host", c.host))
	case aboutTLS(err) != nil:
		return failure.New(failure.TLS, fmt.Sprintf("there is no trusted TLS connection to %s: %s", c.host, failure.Bounded(aboutTLS(err).Error())), failure.ServiceCertificate.With("host", c.host))
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return failure.New(failure.Network, fmt.Sprintf("the name %.200q cannot be resolved", dns.Name), failure.ServiceDNS.With())
	}
	if isNetwork {
		return failure.New(failure.Network, fmt.Sprintf("there is no connection to %s: %s", c.host, failure.Bounded(network.Error())), failure.ServiceUnreachable.With("host", c.host))
	}
	if isBroken(err) {
		return failure.New(failure.Network, "the connection to "+c.host+" broke off before the answer was complete", failure.ServiceUnreachable.With("host", c.host))
	}
	return errNotTheAPI
}

// isBroken says whether the other side, or something on the way, ended the connection,
// or in HTTP/2 the stream.
func isBroken(err error) bool {
	_, reset := errors.AsType[http2.StreamError](err)
	return reset || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func isTimeout(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}

// aboutTLS returns the part of err that is about the certificate or the handshake, or nil.
func aboutTLS(err error) error {
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate
	}
	if plain, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return plain
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		return alert
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return http.ErrSchemeMismatch
	}
	return nil
}
