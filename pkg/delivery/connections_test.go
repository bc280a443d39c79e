package delivery

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// TestNewSendersConnectionsWaitForTheOldOnes: the relay takes just so many.
func TestNewSendersConnectionsWaitForTheOldOnes(t *testing.T) {
	dialed := make(chan net.Conn, 10)
	dial := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { _ = server.Close() })
		dialed <- client
		return client, nil
	}
	c := newOpenConnections()
	const forever = time.Hour
	first := c.dialer("user", 1, forever, dial)
	one, err := first(t.Context(), "tcp", "relay")
	if err != nil {
		t.Fatal(err)
	}
	<-dialed
	more, err := first(t.Context(), "tcp", "relay") // its pool knows why
	if err != nil {
		t.Fatal(err)
	}
	<-dialed
	if err := more.Close(); err != nil {
		t.Error(err)
	}
	other, err := c.dialer("another user", 1, forever, dial)(t.Context(), "tcp", "relay")
	if err != nil {
		t.Fatal(err)
	}
	<-dialed
	second := make(chan net.Conn)
	go func() {
		conn, err := c.dialer("user", 1, forever, dial)(t.Context(), "tcp", "relay")
		if err != nil {
			t.Error(err)
		}
		second <- conn
	}()
	select {
	case <-dialed:
		t.Error("a second connection is opened beside the first")
	default:
	}
	for range 2 { // whoever closes it twice makes room for one
		if err := one.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, conn := range []net.Conn{<-second, other} {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(c.open) != 0 {
		t.Errorf("counted as open: %v", c.open)
	}
}

// TestConnectionIsOpenedBesideTheOldOnesInTheEnd: the relay may have room, and one
// that cannot be reached takes none.
func TestConnectionIsOpenedBesideTheOldOnesInTheEnd(t *testing.T) {
	refused := errors.New("refused")
	c := newOpenConnections()
	c.open["user"] = 1
	dial := c.dialer("user", 1, 0, func(context.Context, string, string) (net.Conn, error) { return nil, refused })
	if _, err := dial(t.Context(), "tcp", "relay"); !errors.Is(err, refused) || c.open["user"] != 1 {
		t.Errorf("%v, %v", err, c.open)
	}
}
