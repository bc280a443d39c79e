package maildomain

import (
	"context"
	"errors"
	"net"
	"testing"
)

// TestAQueryEndsWhenItIsGivenUp: the read of its answer would go on.
func TestAQueryEndsWhenItIsGivenUp(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := resolver(silent.LocalAddr().String()).Dial(ctx, "udp", "192.0.2.1:53")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
