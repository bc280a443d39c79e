package plugintest

import (
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// tap writes every message that comes from the plugin to w.
func tap(w io.Writer) []grpc.DialOption {
	if w == nil {
		return nil
	}
	hear := func(m any) {
		if m, ok := m.(proto.Message); ok {
			if encoded, err := proto.Marshal(m); err == nil { // it has just been decoded
				_, _ = w.Write(encoded)
			}
		}
	}
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			err := invoke(ctx, method, req, reply, cc, opts...)
			if err != nil {
				_, _ = io.WriteString(w, err.Error())
			} else {
				hear(reply)
			}
			return err
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			stream, err := open(ctx, desc, cc, method, opts...)
			if err != nil {
				return nil, err
			}
			return tapped{stream, w, hear}, nil
		}),
	}
}

type tapped struct {
	grpc.ClientStream
	w    io.Writer
	hear func(any)
}

func (t tapped) RecvMsg(m any) error {
	err := t.ClientStream.RecvMsg(m)
	switch {
	case err == nil:
		t.hear(m)
	case err != io.EOF:
		_, _ = io.WriteString(t.w, err.Error())
	}
	return err
}
