package nhncloud

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThePageKnowsTheSameRestrictedDomains: it says so next to the recipients.
func TestThePageKnowsTheSameRestrictedDomains(t *testing.T) {
	source, err := os.ReadFile("../../src/service.ts")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`RESTRICTED = \[([^\]]*)\]`).FindStringSubmatch(string(source))
	if list == nil {
		t.Fatal("src/service.ts has no RESTRICTED")
	}
	var on []string
	for domain := range strings.SplitSeq(list[1], ",") {
		if domain = strings.Trim(domain, " '\n"); domain != "" {
			on = append(on, domain)
		}
	}
	if !slices.Equal(on, restricted) {
		t.Errorf("the page has %q, and the service restricts %q", on, restricted)
	}
}

func TestHostsAndDomainsAreToldApart(t *testing.T) {
	if !IsOldHost("SMTP-mail.cloud.toast.com.") || IsOldHost(Host) {
		t.Error("the old host")
	}
	if !IsPublicMail("naver.com") || !IsPublicMail("gmail.com") || IsPublicMail("example.com") {
		t.Error("public mail domains")
	}
	if !Restricts("gmail.com") || !Restricts("yahoo.com") || Restricts("naver.com") || Restricts("yahoo.co.jp") {
		t.Error("restricted domains")
	}
}
