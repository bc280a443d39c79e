package message

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// pictured is an alert whose picture is at an address.
func pictured(t testing.TB, o Options, address string) (Content, []string) {
	t.Helper()
	a := fires("alertname", "High CPU")
	a.ImageURL = address
	n := notification(a)
	c := render(t, renderer(t, o), n)
	return c, c.Shown(n)
}

// TestPicturesAreCarriedByTheMail, in the built-in HTML and in a template of the
// user's, whatever its address is made of.
func TestPicturesAreCarriedByTheMail(t *testing.T) {
	for _, address := range []string{
		"https://grafana.example.com/public/img/attachments/a.png",
		"http://grafana:3000/a.png?b=1&c='(x)'&d=%20e",
		"https://grafana.example.com/日本.png",
	} {
		for _, o := range []Options{{}, {HTMLTemplate: `{{range .Alerts}}<img src="{{.ImageURL}}">{{end}}`}} {
			c, shown := pictured(t, o, address)
			if len(shown) != 1 {
				t.Fatalf("%s is shown %d times in %s", address, len(shown), c.HTML)
			}
			if !c.Embed(shown[0], "image/png", []byte("first")) {
				t.Fatal("it is not embedded")
			}
			p := parseMail(t, compose(t, header(t), c))
			if len(p.pictures) != 1 || p.html != c.HTML {
				t.Fatalf("%d pictures", len(p.pictures))
			}
			for id, picture := range p.pictures {
				if picture != "image/png first" || strings.Count(p.html, `src="cid:`+id+`"`) != 1 {
					t.Errorf("%q, shown in %s", picture, p.html)
				}
			}
		}
	}
}

// TestPicturesThatNoTemplateShowsAreNotFetched.
func TestPicturesThatNoTemplateShowsAreNotFetched(t *testing.T) {
	if _, shown := pictured(t, Options{HTMLTemplate: "none"}, "https://grafana.example.com/a.png"); len(shown) > 0 {
		t.Error(shown)
	}
	if _, shown := pictured(t, Options{}, "javascript:alert(1)"); len(shown) > 0 {
		t.Error(shown)
	}
}

// TestThePictureOfTwoAlertsIsCarriedOnce, also where it has two addresses.
func TestThePictureOfTwoAlertsIsCarriedOnce(t *testing.T) {
	one, two := fires("alertname", "CPU"), fires("alertname", "Disk")
	one.ImageURL, two.ImageURL = "https://grafana.example.com/1.png", "https://grafana.example.com/2.png"
	n := notification(one, two)
	c := render(t, renderer(t, Options{HTMLTemplate: `{{range .Alerts}}<img src="{{.ImageURL}}">{{end}}`}), n)
	for _, address := range c.Shown(n) {
		if !c.Embed(address, "image/png", []byte("the same")) {
			t.Error("it is not embedded")
		}
	}
	if p := parseMail(t, compose(t, header(t), c)); len(p.pictures) != 1 || strings.Count(p.html, "cid:") != 2 {
		t.Errorf("%d pictures in %s", len(p.pictures), p.html)
	}
}

// TestPicturesMakeNoMailOfMoreThanTenMegabytes: one that does not fit stays a link.
func TestPicturesMakeNoMailOfMoreThanTenMegabytes(t *testing.T) {
	var c Content
	room := 0
	for i := range byte(5) {
		address := "https://grafana.example.com/" + string('a'+rune(i))
		c.HTML += `<img src="` + address + `">`
		if c.Embed(address, "image/png", bytes.Repeat([]byte{i}, 2<<20)) {
			room++
		}
	}
	mail := compose(t, header(t), c)
	if room != 3 || len(mail) > maxMail || strings.Count(c.HTML, "cid:") != room || strings.Count(c.HTML, "https:") != 5-room {
		t.Errorf("%d pictures, %d octets, %s", room, len(mail), c.HTML)
	}
}

// TestTheBoundaryOfPicturesBeginsLikeNoOther: RFC 2046 section 5.1.1 lets a reader
// take every line for a delimiter that begins like one.
func TestTheBoundaryOfPicturesBeginsLikeNoOther(t *testing.T) {
	const address = "https://grafana.example.com/a.png"
	c, _ := pictured(t, Options{}, address)
	if !c.Embed(address, "image/png", []byte("a")) {
		t.Fatal("it is not embedded")
	}
	delimiter, lines := "--"+boundary(c), 0
	for line := range strings.SplitSeq(string(compose(t, header(t), c)), "\r\n") {
		if strings.HasPrefix(line, delimiter) {
			lines++
		}
	}
	if lines != 3 { // the text, what is related, the end
		t.Errorf("%d lines begin with %s", lines, delimiter)
	}
}

// TestPicturesLeaveRoomForTextThatIsEncoded: Postfix refuses mail of more than
// 10,240,000 octets unless it is told otherwise, and the alert with it.
func TestPicturesLeaveRoomForTextThatIsEncoded(t *testing.T) {
	for _, octets := range []int{0, 100_000, 1_000_000} {
		c := Content{HTML: strings.Repeat("경", octets/3)}
		for i := range 100 {
			address := fmt.Sprintf("https://grafana.example.com/%d", i)
			c.HTML += `<img src="` + address + `">`
			c.Embed(address, "image/png", fmt.Appendf(make([]byte, 100_000), "%d", i))
		}
		if size := len(compose(t, header(t), c)); size > 10_000_000 || size < 9_000_000 {
			t.Errorf("%d octets of HTML: a mail of %d octets", octets, size)
		}
	}
}
