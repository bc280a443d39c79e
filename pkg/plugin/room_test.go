package plugin

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// TestHeadsAreReadUpToTheBody: whatever a request has before its body is read,
// and of the body nothing.
func TestHeadsAreReadUpToTheBody(t *testing.T) {
	for name, want := range map[string]*pluginv2.CallResourceRequest{
		"empty":     {},
		"no body":   {Path: "status", Method: "GET"},
		"small":     {Path: "alerts", Body: []byte("x")},
		"large":     {PluginContext: &pluginv2.PluginContext{OrgId: 7}, Headers: map[string]*pluginv2.StringList{"A": {Values: []string{"b", "c"}}, "D": {}}, Body: bytes.Repeat([]byte("y"), 100_000)},
		"no fields": {Body: []byte("only this")},
	} {
		encoded, err := proto.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(bytes.NewReader(encoded))
		head, length, err := readHead(r, int64(len(encoded)))
		if err != nil || length != int64(len(want.Body)) {
			t.Errorf("%s: %v, a body of %d", name, err, length)
			continue
		}
		got := new(pluginv2.CallResourceRequest)
		if err := proto.Unmarshal(head, got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got.Body, err = io.ReadAll(r); err != nil || !proto.Equal(&pluginv2.CallResourceRequest{
			PluginContext: got.PluginContext, Path: got.Path, Method: got.Method, Url: got.Url, Headers: got.Headers, Body: want.Body,
		}, want) || !bytes.Equal(got.Body, want.Body) {
			t.Errorf("%s: %v %v", name, got, err)
		}
		for cut := range min(len(encoded), 40) {
			if _, length, err := readHead(bufio.NewReader(bytes.NewReader(encoded[:cut])), int64(len(encoded))); err == nil && length != int64(len(want.Body)) {
				t.Errorf("%s: cut off after %d octets it passes", name, cut)
			}
		}
	}
}

// TestLargeBodiesWaitForRoomAndSmallOnesForNobody: the room is given back when
// a body is closed.
func TestLargeBodiesWaitForRoomAndSmallOnesForNobody(t *testing.T) {
	room := newRoom()
	read := func(ctx context.Context, length int64) (*body, error) {
		b := &body{room: room, ctx: ctx, rest: bufio.NewReader(bytes.NewReader(make([]byte, 10))), length: length}
		_, err := b.Read(make([]byte, 1))
		return b, err
	}
	full, err := read(t.Context(), allBodies)
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := read(ended, window+1); err == nil {
		t.Error("a large body is read although there is no room")
	}
	if _, err := read(ended, window); err != nil {
		t.Errorf("a small body waits for large ones: %v", err)
	}
	for range 2 { // closing twice gives back once
		_ = full.Close()
	}
	if full, err = read(t.Context(), allBodies); err != nil {
		t.Error(err)
	}
	if room.TryAcquire(1) {
		t.Error("more room was given back than was taken")
	}
	_ = full.Close()
}
