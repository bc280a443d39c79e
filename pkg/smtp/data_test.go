package smtp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// stuffed is data as it goes on the wire.
func stuffed(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := bufio.NewWriterSize(&out, 16)
	size := writeData(w, parts) + int64(len(lastLine))
	_, _ = w.Write(lastLine)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if size != int64(out.Len()) {
		t.Fatalf("size %d, wrote %d octets", size, out.Len())
	}
	return out.Bytes()
}

func TestDotStuffing(t *testing.T) {
	for in, want := range map[string]string{
		"":                       ".\r\n",
		"a":                      "a\r\n.\r\n",
		"a\r\n":                  "a\r\n.\r\n",
		".":                      "..\r\n.\r\n",
		".\r\n":                  "..\r\n.\r\n",
		"..\r\n":                 "...\r\n.\r\n",
		"a\r\n.\r\nMAIL\r\n":     "a\r\n..\r\nMAIL\r\n.\r\n",
		"a\r\n.b\r\n\r\n.\r\n.c": "a\r\n..b\r\n\r\n..\r\n..c\r\n.\r\n",
		"a.b\r\nc.\r\n":          "a.b\r\nc.\r\n.\r\n",
		".\r\n.\r\n.\r\n":        "..\r\n..\r\n..\r\n.\r\n",
	} {
		if got := stuffed(t, []byte(in)); string(got) != want {
			t.Errorf("%q is sent as %q, want %q", in, got, want)
		}
	}
}

func TestDotStuffingDoesNotDependOnTheParts(t *testing.T) {
	data := []byte(".a\r\n..\r\n\r\n.\r\nb.\r\n.c")
	want := stuffed(t, data)
	for i := 0; i <= len(data); i++ {
		for j := i; j <= len(data); j++ {
			if got := stuffed(t, data[:i], data[i:j], nil, data[j:]); !bytes.Equal(got, want) {
				t.Fatalf("cut at %d and %d: %q, want %q", i, j, got, want)
			}
			if err := checkData([][]byte{data[:i], data[i:j], data[j:]}); err != nil {
				t.Fatalf("cut at %d and %d: %v", i, j, err)
			}
		}
	}
}

func TestUnfitContentIsRefused(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	tests := []struct{ name, data, words string }{
		{"bare LF", "a\nb\r\n", "LF without a CR"},
		{"bare LF first", "\nb\r\n", "LF without a CR"},
		{"bare CR", "a\rb\r\n", "CR without an LF"},
		{"bare CR last", "a\r\nb\r", "CR without an LF"},
		{"CR CR LF", "a\r\r\n", "CR without an LF"},
		{"LF CR", "a\n\rb", "LF without a CR"},
		{"end of data with LF alone", "a\r\n.\nMAIL FROM:<x@example.com>\r\n", "LF without a CR"},
		{"end of data after LF alone", "a\n.\r\nMAIL FROM:<x@example.com>\r\n", "LF without a CR"},
		{"end of data with CR alone", "a\r\n.\rMAIL\r\n", "CR without an LF"},
		{"end of data after CR alone", "a\r.\r\nMAIL\r\n", "CR without an LF"},
		{"NUL", "a\x00b\r\n", "NUL"},
		{"a long line", long + "x\r\n", "998"},
		{"a long last line", "a\r\n" + long + "x", "998"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for cut := 0; cut <= len(tt.data); cut++ {
				err := checkData([][]byte{[]byte(tt.data[:cut]), []byte(tt.data[cut:])})
				if err == nil || err.Code != failure.Local || err.Temporary() || !strings.Contains(err.Error(), tt.words) {
					t.Fatalf("cut at %d: %v", cut, err)
				}
			}
		})
	}
	for _, fit := range []string{"", "a", "a\r\n", "\r\n\r\n", long + "\r\n" + long + "\r\n", long, "\u00fc\r\n"} {
		for cut := 0; cut <= len(fit); cut++ {
			if err := checkData([][]byte{[]byte(fit[:cut]), []byte(fit[cut:])}); err != nil {
				t.Fatalf("%.20q cut at %d: %v", fit, cut, err)
			}
		}
	}
}

func TestUnfitMailNeverReachesTheRelay(t *testing.T) {
	unfit := func(change func(*Mail)) Mail {
		m := testMail()
		change(&m)
		return m
	}
	relay := startRelay(t, relaytest.Options{})
	pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
	mails := map[string]Mail{
		"no recipient":     unfit(func(m *Mail) { m.To = nil }),
		"empty recipient":  unfit(func(m *Mail) { m.To = []string{"a@example.com", ""} }),
		"smuggled content": unfit(func(m *Mail) { m.Data = [][]byte{[]byte("a\n.\nMAIL FROM:<x@example.com>\n")} }),
	}
	for _, address := range []string{"a@example.com>\r\nRCPT TO:<b@example.com", "a\rb@example.com", "a\nb@example.com", "a\x00@example.com", "<a@example.com>", "a b@example.com", "ü@example.com", strings.Repeat("x", maxPath+1)} {
		mails[fmt.Sprintf("recipient %.20q", address)] = unfit(func(m *Mail) { m.To[0] = address })
		mails[fmt.Sprintf("sender %.20q", address)] = unfit(func(m *Mail) { m.From = address })
	}
	for name, mail := range mails {
		result, err := pool.Send(testContext(t), mail)
		if e := asError(t, err); e.Code != failure.Local || e.Temporary() || e.Sender() || strings.ContainsAny(e.Error(), "\r\n\x00") {
			t.Errorf("%s: %v", name, err)
		}
		if result.Accepted() != 0 {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, _, total, _ := relay.Connections(); total != 0 {
		t.Errorf("%d connections for mails that cannot be sent", total)
	}
}

func TestLongestAddressIsAllowed(t *testing.T) {
	mail := testMail(strings.Repeat("x", maxPath))
	mail.From = mail.To[0]
	if err := mail.check(); err != nil {
		t.Error(err)
	}
}

func TestNullSenderIsAllowed(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	mail := testMail()
	mail.From = ""
	if _, err := startPool(t, relayConfig(relay, nhncloud.TLSWrapper)).Send(testContext(t), mail); err != nil {
		t.Fatal(err)
	}
	if got := relay.Mails()[0].From; got != "" {
		t.Errorf("from %q", got)
	}
}

func FuzzData(f *testing.F) {
	for _, seed := range []string{"", "a\r\n", ".\r\n", "a\r\n.\r\nb", "a\n.\n", "a\r.\r", "\r\n.", "x\x00y", ".\r\n.", "a\r\n..\r\n"} {
		f.Add([]byte(seed), 1, 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, i, j int) {
		i = min(max(i, 0), len(data))
		j = min(max(j, i), len(data))
		parts := [][]byte{data[:i], data[i:j], data[j:]}
		if checkData(parts) != nil {
			if checkData([][]byte{data}) == nil {
				t.Fatal("whether data is fit depends on its parts")
			}
			return
		}
		// A reader of lines that knows nothing of how they were written.
		tail := []byte("AFTER\r\n")
		wire := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(stuffed(t, parts...), tail...))))
		got, err := wire.ReadDotBytes()
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(string(data), "\r\n", "\n")
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if string(got) != want {
			t.Fatalf("read %q, want %q", got, want)
		}
		rest, err := io.ReadAll(wire.R)
		if err != nil || !bytes.Equal(rest, tail) {
			t.Fatalf("%q follows the mail, want %q", rest, tail)
		}
	})
}
