package plugin

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net/http"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// intake serves a gRPC service of Grafana's. gRPC itself has a request in
// memory three times before anybody is asked whether it is welcome. Here what
// is beyond its first window stays with Grafana until somebody reads it, and the
// body of a resource call is read by its handler, or not at all.
type intake struct {
	goplugin.NetRPCUnsupportedPlugin
	room    *room
	service grpc.ServiceDesc
	server  any
}

var _ goplugin.GRPCPlugin = (*intake)(nil)

// GRPCClient implements goplugin.GRPCPlugin; it is Grafana's side.
func (i *intake) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

// GRPCServer implements goplugin.GRPCPlugin. On the wire a unary call is a
// stream of one message each way, so both are received in one way.
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

// unary makes a stream's handler of a call's.
func unary(handler grpc.MethodHandler) grpc.StreamHandler {
	return func(server any, stream grpc.ServerStream) error {
		reply, err := handler(server, stream.Context(), stream.RecvMsg, nil)
		if err != nil {
			return err
		}
		return stream.SendMsg(reply)
	}
}

func (i *intake) stream(handler grpc.StreamHandler) grpc.StreamHandler {
	return func(server any, stream grpc.ServerStream) error {
		s := &intakeStream{ServerStream: stream, body: body{room: i.room, ctx: stream.Context()}}
		defer func() { _ = s.body.Close() }() // it never fails
		return handler(server, s)
	}
}

// intakeStream receives one request.
type intakeStream struct {
	grpc.ServerStream
	body body
}

// RecvMsg receives a request but for its body, which the context holds.
func (s *intakeStream) RecvMsg(m any) error {
	wire, ok := grpc.ServerTransportStreamFromContext(s.body.ctx).(wireStream)
	if !ok {
		return grpcstatus.Error(codes.Internal, "this version of gRPC hands out no streams to read from")
	}
	var header [5]byte // whether it is compressed, and its length
	if err := wire.ReadMessageHeader(header[:]); err != nil {
		return err
	}
	length := int64(binary.BigEndian.Uint32(header[1:]))
	switch {
	case header[0] != 0:
		return grpcstatus.Error(codes.Unimplemented, "a compressed request cannot be read")
	case length > maxMessage:
		return grpcstatus.Errorf(codes.ResourceExhausted, "a request has %d octets and may have %d", length, maxMessage)
	}
	s.body.rest = bufio.NewReader(io.LimitReader(wireReader{wire}, length))
	if _, ok := m.(*pluginv2.CallResourceRequest); ok {
		return s.recvHead(m.(proto.Message), length)
	}
	return s.recvWhole(m.(proto.Message), length)
}

// recvWhole receives what has no body apart. It is in memory as it was sent and
// decoded, until it is answered.
func (s *intakeStream) recvWhole(m proto.Message, length int64) error {
	s.body.length = 2 * length
	if err := s.body.wait(); err != nil {
		return err
	}
	encoded := make([]byte, length)
	if _, err := io.ReadFull(s.body.rest, encoded); err != nil {
		return err
	}
	return proto.Unmarshal(encoded, m)
}

// recvHead receives what comes before the body, which is the last field.
func (s *intakeStream) recvHead(m proto.Message, length int64) error {
	head, bodyLength, err := readHead(s.body.rest, length)
	if err != nil {
		return err
	}
	s.body.length = bodyLength
	return proto.Unmarshal(head, m)
}

// Context is the stream's, with the body.
func (s *intakeStream) Context() context.Context {
	return context.WithValue(s.body.ctx, bodyKey{}, &s.body)
}

type bodyKey struct{}

// withBody gives requests the bodies that their contexts hold.
func withBody(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, ok := r.Context().Value(bodyKey{}).(*body); ok && b.length > 0 {
			r.Body, r.ContentLength = b, b.length
		}
		h.ServeHTTP(w, r)
	})
}
