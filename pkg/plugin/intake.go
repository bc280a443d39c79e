package plugin

import (
	"bytes"
	"context"
	"net/http"
	"sync"

	goplugin "github.com/hashicorp/go-plugin"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

const (
	// window is how many octets of a request gRPC takes from Grafana before a
	// handler receives it.
	window = 64 << 10
	// maxRequest is the largest request: a body and what is around it.
	maxRequest = alert.MaxBody + 2<<20
	// maxOther bounds requests without a body, such as queries.
	maxOther = 1 << 20
	// largeAtOnce is how many requests larger than a window are in memory at the
	// same time. Receiving makes three copies of one for a moment, so two of the
	// largest are about 100 MB.
	largeAtOnce = 2
)

// intake serves a gRPC service of Grafana's SDK and bounds the memory that
// requests take: whoever may call a data source may send it large ones, and many
// at once. A request that waits for its turn has only its first window here.
type intake struct {
	goplugin.NetRPCUnsupportedPlugin
	turns   *semaphore.Weighted // largeAtOnce
	service grpc.ServiceDesc
	server  any
}

var _ goplugin.GRPCPlugin = (*intake)(nil)

// GRPCClient implements goplugin.GRPCPlugin; it is Grafana's side.
func (i *intake) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

// GRPCServer implements goplugin.GRPCPlugin. gRPC receives a unary call before
// anything of ours is asked, and a stream only when its handler wants it. On the
// wire they are the same, so every method is registered as a stream.
func (i *intake) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	service := grpc.ServiceDesc{ServiceName: i.service.ServiceName, HandlerType: i.service.HandlerType, Metadata: i.service.Metadata}
	for _, method := range i.service.Methods {
		service.Streams = append(service.Streams, grpc.StreamDesc{StreamName: method.MethodName, Handler: i.stream(unary(method.Handler))})
	}
	for _, stream := range i.service.Streams {
		stream.Handler = i.stream(stream.Handler)
		service.Streams = append(service.Streams, stream)
	}
	s.RegisterService(&service, i.server)
	return nil
}

// unary makes the handler of a call into that of a stream.
func unary(handler grpc.MethodHandler) grpc.StreamHandler {
	return func(server any, stream grpc.ServerStream) error {
		reply, err := handler(server, stream.Context(), stream.RecvMsg, nil)
		if err != nil {
			return err
		}
		return stream.SendMsg(reply)
	}
}

// stream gives a handler a stream that receives its request in turn.
func (i *intake) stream(handler grpc.StreamHandler) grpc.StreamHandler {
	return func(server any, stream grpc.ServerStream) error {
		s := &intakeStream{ServerStream: stream, turns: i.turns, body: new(body)}
		defer func() { _ = s.body.Close() }() // it never fails
		return handler(server, s)
	}
}

// intakeStream is a stream of one request, which waits for its turn.
type intakeStream struct {
	grpc.ServerStream
	turns *semaphore.Weighted
	body  *body
}

// RecvMsg receives a request when it is its turn, which ends at once for a small
// one. The body of a resource call is taken out of it, and keeps its turn until
// it is closed.
func (s *intakeStream) RecvMsg(m any) error {
	if err := s.turns.Acquire(s.ServerStream.Context(), 1); err != nil {
		return grpcstatus.FromContextError(err).Err()
	}
	endTurn := sync.OnceFunc(func() { s.turns.Release(1) })
	if err := s.ServerStream.RecvMsg(m); err != nil {
		endTurn()
		return err
	}
	call, ok := m.(*pluginv2.CallResourceRequest)
	if !ok {
		defer endTurn()
		if size := proto.Size(m.(proto.Message)); size > maxOther {
			return grpcstatus.Errorf(codes.ResourceExhausted, "a request has %d octets and may have %d", size, maxOther)
		}
		return nil
	}
	s.body.received(call.GetBody(), endTurn)
	call.Body = nil
	return nil
}

// Context returns the stream's context with the body in it, where withBody finds
// it.
func (s *intakeStream) Context() context.Context {
	return context.WithValue(s.ServerStream.Context(), bodyKey{}, s.body)
}

type bodyKey struct{}

// body is the body of a resource call. A large one keeps its turn until it is
// closed.
type body struct {
	*bytes.Reader
	octets  []byte
	endTurn func()
}

// received fills in what was received, and ends the turn of what is small.
func (b *body) received(octets []byte, endTurn func()) {
	b.Reader, b.octets, b.endTurn = bytes.NewReader(octets), octets, endTurn
	if len(octets) <= window {
		endTurn()
	}
}

// Close drops the body and ends its turn.
func (b *body) Close() error {
	if b.endTurn != nil {
		b.Reader, b.octets = bytes.NewReader(nil), nil
		b.endTurn()
	}
	return nil
}

// withBody gives requests the bodies that their contexts hold.
func withBody(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch b, ok := r.Context().Value(bodyKey{}).(*body); {
		case !ok || len(b.octets) == 0:
		case r.Method == http.MethodGet: // nobody reads it
			_ = b.Close() // it never fails
		default:
			r.Body, r.ContentLength = b, b.Size()
		}
		h.ServeHTTP(w, r)
	})
}
