package nhncloud

import (
	"slices"
	"strings"
)

// OldHost is the former SMTP host of the service. Sending through it may be restricted.
const OldHost = "smtp-mail.cloud.toast.com"

// IsOldHost says whether host is the former host of the service.
func IsOldHost(host string) bool {
	return strings.EqualFold(strings.TrimSuffix(host, "."), OldHost)
}

// DKIMSelector is the selector of a domain's DKIM key in the service's documentation.
const DKIMSelector = "toast"

// SPFIncludes lists the hosts that the service's documentation tells users to include
// in SPF. Its pages differ; the first is the one to recommend.
var SPFIncludes = []string{"_spfblocka.toast.com", "mail.nhncloudservice.com"}

// restricted lists the domains of Gmail and Yahoo Mail: since February 2024 the service
// restricts mail to them from domains whose SPF, DKIM and DMARC are not verified.
var restricted = []string{"gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "rocketmail.com"}

// Restricts says whether the service restricts mail to a domain from domains that are
// not verified.
func Restricts(domain string) bool { return slices.Contains(restricted, domain) }

// public lists domains where anybody can have a mailbox. The service does not send
// from them; its documentation names naver.com and gmail.com as examples.
var public = append([]string{
	"naver.com", "daum.net", "hanmail.net", "kakao.com", "nate.com",
	"yahoo.co.jp", "outlook.com", "hotmail.com", "live.com", "icloud.com",
}, restricted...)

// IsPublicMail says whether anybody can have a mailbox in a domain.
func IsPublicMail(domain string) bool { return slices.Contains(public, domain) }
