package smtp

import (
	"bufio"
	"bytes"
	"io"
	"sync"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

var benchContent = bytes.Repeat([]byte("The disk of db1 is full, and this line is as long as one of base64.\r\n"), 300)

// BenchmarkSend is a storm: what a pool sends as fast as it can.
func BenchmarkSend(b *testing.B) {
	relay := startRelay(b, relaytest.Options{Discard: true})
	pool := startPool(b, relayConfig(relay, nhncloud.STARTTLS))
	mail := testMail("a@example.com", "b@example.com", "c@example.com")
	mail.Data = [][]byte{benchContent}
	ctx := b.Context()
	b.ReportAllocs()
	b.ResetTimer()
	queue := make(chan struct{})
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range queue {
				if _, err := pool.Send(ctx, mail); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		queue <- struct{}{}
	}
	close(queue)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// BenchmarkTransaction is one warm mail after the other.
func BenchmarkTransaction(b *testing.B) {
	relay := startRelay(b, relaytest.Options{Discard: true})
	pool := startPool(b, relayConfig(relay, nhncloud.STARTTLS))
	mail := testMail("a@example.com", "b@example.com", "c@example.com")
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pool.Send(ctx, mail); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteData(b *testing.B) {
	w := bufio.NewWriterSize(io.Discard, writeBuffer)
	parts := [][]byte{benchContent}
	b.SetBytes(int64(len(benchContent)))
	b.ReportAllocs()
	for b.Loop() {
		if err := checkData(parts); err != nil {
			b.Fatal(err)
		}
		writeData(w, parts)
	}
}

func BenchmarkReadReply(b *testing.B) {
	raw := []byte("250 2.1.5 Ok\r\n")
	r := bufio.NewReaderSize(nil, readBuffer)
	source := bytes.NewReader(nil)
	b.ReportAllocs()
	for b.Loop() {
		source.Reset(raw)
		r.Reset(source)
		if _, err := readReply(r); err != nil {
			b.Fatal(err)
		}
	}
}
