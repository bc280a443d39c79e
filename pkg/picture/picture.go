// Package picture fetches the pictures that alerts link to, so that a mail can carry
// them. A reader's mail program asks before it loads a linked picture, and on a
// telephone cannot reach Grafana at all.
package picture

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // registers with image.DecodeConfig
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	_ "golang.org/x/image/webp" // likewise

	"github.com/nhncloud/nhncloud-email-datasource/pkg/turns"
)

const (
	maxSize     = 2 << 20 // of one picture, in octets
	maxPictures = 5       // of one mail

	maxPixels    = 25_000_000
	maxRedirects = 3
)

// Picture is a picture as it is mailed.
type Picture struct {
	Type string // image/png, image/jpeg, image/gif or image/webp
	Data []byte
}

// Fetcher fetches pictures for the mails of a process.
type Fetcher struct {
	hosts     Hosts
	transport *http.Transport
	rests     *turns.Rests
}

// NewFetcher makes a fetcher that fetches from these hosts, and from Grafana.
func NewFetcher(hosts Hosts) *Fetcher {
	f := &Fetcher{hosts: hosts, rests: turns.NewRests(turns.Within / 2)}
	dialer := &net.Dialer{ControlContext: hosts.control}
	// No proxy is used: which address it dials cannot be checked.
	f.transport = &http.Transport{
		DialContext: dialer.DialContext, MaxIdleConnsPerHost: maxPictures, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
	}
	return f
}

// Close closes the idle connections.
func (f *Fetcher) Close() { f.transport.CloseIdleConnections() }

// Fetch fetches the pictures at these addresses, at most maxPictures, in a turn of their
// mail. grafana is Grafana's own address, or empty where it is not known. Both results have
// an element for each address: a picture, or why there is none.
func (f *Fetcher) Fetch(turn context.Context, grafana string, addresses []string) ([]*Picture, []error) {
	pictures, failed := make([]*Picture, len(addresses)), make([]error, len(addresses))
	began := time.Now()
	var fetching sync.WaitGroup
	for i, address := range addresses {
		server := serverOf(address)
		switch {
		case turn.Err() != nil:
			failed[i] = context.Cause(turn)
		case i >= maxPictures:
			failed[i] = fmt.Errorf("a mail carries %d pictures at most", maxPictures)
		case f.rests.Resting(server):
			failed[i] = turns.ErrSlow
		default:
			fetching.Go(func() {
				pictures[i], failed[i] = f.fetch(turn, grafana, address)
				f.rests.Asked(turn, server, began)
				if failed[i] != nil && turn.Err() != nil {
					failed[i] = fmt.Errorf("it took longer than %s", turns.Within)
				}
			})
		}
	}
	fetching.Wait()
	return pictures, failed
}

// serverOf returns the server that an address is of.
func serverOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return origin(u)
}

// fetch fetches one picture.
func (f *Fetcher) fetch(ctx context.Context, grafana, address string) (*Picture, error) {
	client := http.Client{
		Transport: f.transport,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			r.Header.Del("Referer") // it may hold a token of another host
			if len(via) > maxRedirects {
				return refusal(fmt.Sprintf("it was redirected more than %d times", maxRedirects))
			}
			return f.hosts.allow(grafana, r.URL)
		},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("its address cannot be read")
	}
	if err := f.hosts.allow(grafana, r.URL); err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "image/png, image/jpeg, image/webp, image/gif")
	answer, err := client.Do(r)
	if err != nil {
		return nil, withoutQuotes(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%.100q answers %d", r.URL.Host, answer.StatusCode)
	}
	if answer.ContentLength > maxSize {
		return nil, errTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxSize+1))
	if err != nil {
		return nil, withoutQuotes(err)
	}
	return read(data)
}

var errTooLarge = fmt.Errorf("it is larger than %d MiB", maxSize>>20)

// read reads the type and the size of a picture from its header, and refuses one that
// would take too much memory in the reader's mail program. It is not decoded here.
func read(data []byte) (picture *Picture, err error) {
	unreadable := errors.New("it is not a PNG, JPEG, GIF or WebP picture")
	// A mistake of what reads it would end the process, and mail with it.
	defer func() {
		if recover() != nil {
			err = unreadable
		}
	}()
	if len(data) > maxSize {
		return nil, errTooLarge
	}
	header, format, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		return nil, unreadable
	case header.Width < 1 || header.Height < 1 || header.Width > maxPixels/header.Height:
		return nil, fmt.Errorf("it has %d times %d pixels; at most %d million are mailed", header.Width, header.Height, maxPixels/1_000_000)
	}
	return &Picture{"image/" + format, data}, nil
}

// withoutQuotes takes out of an error the address and what it may quote of an
// answer: both may hold a token.
func withoutQuotes(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	_, ours := errors.AsType[refusal](err)
	_, network := errors.AsType[net.Error](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	if ours || network || certificate {
		return err
	}
	return errors.New("what answers there does not speak HTTP as it should")
}
