package plugin

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	// window is what a stream may send before it is read.
	window = 64 << 10
	// maxMessage is what a request may have on the wire: the largest body that
	// is answered with words, and what is around it.
	maxMessage = 16 << 20
	// maxHead is what may come before a body: settings, headers and a URL.
	maxHead = 1 << 20
	// allBodies is what the bodies that are being read may take together, in the
	// whole process. Those beyond wait where they come from.
	allBodies = 64 << 20
)

// room is the memory that bodies may take.
type room struct{ *semaphore.Weighted }

func newRoom() *room { return &room{semaphore.NewWeighted(allBodies)} }

// body is the body of a request, still on its way. Room for it is waited for
// before it is read, and is given back when it is closed. One that fits the
// window is here already and waits for nobody, or a flood of large bodies would
// hold up every alert. It belongs to the goroutine that answers the request.
type body struct {
	room   *room
	ctx    context.Context
	rest   *bufio.Reader
	length int64
	taken  bool
}

// wait waits for room.
func (b *body) wait() error {
	if b.taken || b.length <= window {
		return nil
	}
	if err := b.room.Acquire(b.ctx, b.length); err != nil {
		return grpcstatus.FromContextError(err).Err()
	}
	b.taken = true
	return nil
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if err := b.wait(); err != nil {
		return 0, err
	}
	return b.rest.Read(p)
}

// Close implements io.Closer. What was not read is left where it is.
func (b *body) Close() error {
	if b.taken {
		b.room.Release(b.length)
		b.taken = false
	}
	b.length = 0
	return nil
}

// wireStream is gRPC's stream below its messages. ReadMessageHeader fills any
// buffer that it is given.
type wireStream interface{ ReadMessageHeader(p []byte) error }

type wireReader struct{ wireStream }

// Read fills p but for what is beyond the window: more would be asked for at
// once, and lie in memory a second time.
func (r wireReader) Read(p []byte) (int, error) {
	p = p[:min(len(p), window/2)]
	if err := r.ReadMessageHeader(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// fieldBody is the number of CallResourceRequest.body.
const fieldBody = 6

var errHead = grpcstatus.Error(codes.InvalidArgument, "a request is not the CallResourceRequest of Grafana's plugin protocol")

// readHead reads the fields of a CallResourceRequest before its body, which has
// the highest number and comes last.
func readHead(r *bufio.Reader, length int64) (head []byte, bodyLength int64, err error) {
	left := length
	for left > 0 {
		tag, n, err := readVarint(r)
		if err != nil {
			return nil, 0, err
		}
		left -= n
		number, kind := protowire.DecodeTag(tag)
		if kind != protowire.BytesType { // as every field of it is
			return nil, 0, errHead
		}
		size, n, err := readVarint(r)
		if err != nil {
			return nil, 0, err
		}
		left -= n
		switch {
		case number == fieldBody && int64(size) == left:
			return head, left, nil
		case number == fieldBody, size > maxHead, int64(size) > left, len(head)+int(size) > maxHead:
			return nil, 0, errHead
		}
		head = protowire.AppendVarint(protowire.AppendVarint(head, tag), size)
		head = append(head, make([]byte, size)...)
		if _, err := io.ReadFull(r, head[len(head)-int(size):]); err != nil {
			return nil, 0, err
		}
		left -= int64(size)
	}
	return head, 0, nil
}

// readVarint reads a number, and says how many octets it took.
func readVarint(r *bufio.Reader) (v uint64, n int64, err error) {
	v, err = binary.ReadUvarint(r)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return v, int64(protowire.SizeVarint(v)), err
}
