package transfer

import (
	"bytes"
	"mime/quotedprintable"
	"strings"
	"testing"
)

// TestQuotedPrintableIsTheLibrarys compares with the standard library's writer.
func TestQuotedPrintableIsTheLibrarys(t *testing.T) {
	for _, text := range []string{"", " ", "\t\n", "a \nb\t\n=é", "負荷 \n\n", strings.Repeat("word ", 40)} {
		for length := range 80 {
			text := strings.Repeat("x", length) + text + "\n" + strings.Repeat("é", length) + text
			var want bytes.Buffer
			w := quotedprintable.NewWriter(&want)
			if _, err := w.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got := appendQuotedPrintable(nil, text); !bytes.Equal(got, want.Bytes()) {
				t.Errorf("%q becomes\n     %q\nwant %q", text, got, want.Bytes())
			}
		}
	}
}
