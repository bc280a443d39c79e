package plugin

import (
	"context"
	"io"
	"testing"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"

	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// stream is a request of so many octets.
type stream struct {
	grpc.ServerStream
	ctx  context.Context
	size int
}

func (s stream) Context() context.Context { return s.ctx }

func (s stream) RecvMsg(m any) error {
	m.(*pluginv2.CallResourceRequest).Body = make([]byte, s.size)
	return nil
}

// TestLargeBodiesKeepTheirTurnUntilTheyAreClosed: two of them, and a small one
// keeps none.
func TestLargeBodiesKeepTheirTurnUntilTheyAreClosed(t *testing.T) {
	turns := semaphore.NewWeighted(largeAtOnce)
	receive := func(ctx context.Context, size int) (*intakeStream, error) {
		s := &intakeStream{ServerStream: stream{ctx: ctx, size: size}, turns: turns, body: new(body)}
		return s, s.RecvMsg(new(pluginv2.CallResourceRequest))
	}
	var large []*intakeStream
	for range largeAtOnce {
		for range 3 {
			if _, err := receive(t.Context(), window); err != nil {
				t.Fatal(err)
			}
		}
		s, err := receive(t.Context(), window+1)
		if err != nil {
			t.Fatal(err)
		}
		large = append(large, s)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := receive(ended, 1); err == nil {
		t.Error("a request is received although all turns are taken")
	}
	if octets, err := io.ReadAll(large[0].body); err != nil || len(octets) != window+1 {
		t.Errorf("%d octets, %v", len(octets), err)
	}
	for range 2 { // closing twice ends one turn
		_ = large[0].body.Close()
	}
	if !turns.TryAcquire(1) || turns.TryAcquire(1) {
		t.Error("not just one turn has ended")
	}
}
