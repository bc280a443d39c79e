package api

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

var (
	errTooOften error = failure.New(failure.Rate, "the service's API was asked too often by this data source", failure.ServiceBusy.With())
	errTooLarge error = failure.New(failure.Protocol, fmt.Sprintf("the answer of the service's API is larger than %d MiB", maxBody>>20), failure.ServiceNarrow.With())
	// errNotTheAPI quotes nothing of the answer: it may come from anywhere.
	errNotTheAPI error = failure.New(failure.Protocol, "what answers at serviceUrl is not the service's API", failure.ServiceAddress.With())
)

// The codes of answers that are about the credentials, by the service's list of error
// codes: the AppKey, the service of it, and the SecretKey.
var aboutCredentials = map[int]bool{-1000: true, -1001: true, -1002: true, -1003: true, -1004: true}

// The codes that ask for patience, and that of a fault of the service.
const (
	codeBlocked  = -1005
	codeTooMuch  = -2043
	codeInternal = -9999
)

// refusedBy is the failure that the service answers with: by an HTTP status, or by the
// header of its answer.
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

// unanswered is the failure of a request that has no answer. Of the cause it repeats
// only what is known to hold neither the URL, which has the AppKey in it, nor a proxy's
// password.
func (c *Client) unanswered(ctx context.Context, err error) error {
	network, isNetwork := errors.AsType[*net.OpError](err)
	switch {
	case c.life.Err() != nil:
		return context.Canceled
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
	return errNotTheAPI
}

func isTimeout(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}

// aboutTLS is the part of err that is about the certificate or the handshake, or nil.
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
