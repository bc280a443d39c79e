package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// header is one for a mail to two people.
func header(t testing.TB) Header {
	t.Helper()
	parse := func(s string) address.Address {
		a, err := address.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	return Header{
		From:      parse("Grafana アラート <grafana@example.com>"),
		To:        []address.Address{parse("oncall@example.com"), parse("Kim <kim@예시.kr>")},
		Mode:      settings.Single,
		MessageID: "0192f0c1@example.com",
		Thread:    `{}:{grafana_folder="Prod"}`,
		Date:      time.Date(2026, 11, 23, 17, 20, 0, 0, time.FixedZone("JST", 9*3600)),
	}
}

// many is a notification of count alerts that fire on as many machines.
func many(t testing.TB, count int) *alert.Notification {
	t.Helper()
	n := payload(t, "firing-2")
	first := n.Alerts[0]
	alerts := make([]alert.Alert, count)
	for i := range alerts {
		alerts[i] = first
		alerts[i].Labels = alert.KV{"alertname": "High CPU 高負荷", "instance": fmt.Sprintf("web-%d", i), "severity": "critical"}
		alerts[i].Fingerprint = fmt.Sprintf("%016x", i)
	}
	n.Alerts = alerts
	n.FiringCount, n.ResolvedCount = 0, 0
	data, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	n, err = alert.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// BenchmarkMail renders and composes one mail.
func BenchmarkMail(b *testing.B) {
	for _, count := range []int{2, 1000} {
		n, h := many(b, count), header(b)
		for _, language := range settings.Languages() {
			r := renderer(b, Options{Language: language})
			b.Run(fmt.Sprintf("alerts=%d/%s", count, language), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Compose(h, r.Render(b.Context(), n, renderTime)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
