package nhncloud

import (
	"slices"
	"strings"
)

// OldHost is the SMTP domain that the service had before, from which sending may be
// restricted.
const OldHost = "smtp-mail.cloud.toast.com"

// IsOldHost says whether host is the one that the service had before.
func IsOldHost(host string) bool {
	return strings.EqualFold(strings.TrimSuffix(host, "."), OldHost)
}

// DKIMSelector names the DKIM key of a domain, in the service's documentation.
const DKIMSelector = "toast"

// SPFIncludes lists what the service documents for SPF, on different pages, the one
// to recommend first.
var SPFIncludes = []string{"_spfblocka.toast.com", "mail.nhncloudservice.com"}

// restricted lists the domains of Gmail and Yahoo Mail: since February 2024 the service
// restricts mail to them from domains whose SPF, DKIM and DMARC are not verified.
var restricted = []string{"gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "rocketmail.com"}

// Restricts says whether the service restricts mail to a domain from domains that are
// not verified.
func Restricts(domain string) bool { return slices.Contains(restricted, domain) }

// public lists domains in which anybody may have a mailbox. The service does not send
// from them; its documentation names naver.com and gmail.com as examples.
var public = append([]string{
	"naver.com", "daum.net", "hanmail.net", "kakao.com", "nate.com",
	"yahoo.co.jp", "outlook.com", "hotmail.com", "live.com", "icloud.com",
}, restricted...)

// IsPublicMail says whether a domain is one in which anybody may have a mailbox.
func IsPublicMail(domain string) bool { return slices.Contains(public, domain) }
