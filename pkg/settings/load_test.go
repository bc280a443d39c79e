package settings_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// required is the least that a data source needs.
const required = `"appKey":"AppKey","fromAddress":"alert@example.com"`

var secrets = map[string]string{"secretKey": "SecretKey"}

func load(t testing.TB, jsonData string) settings.Settings {
	t.Helper()
	s, err := settings.Load([]byte(jsonData), secrets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// show is a list of addresses as people read it.
func show(list []address.Address) string {
	all := make([]string, len(list))
	for i, a := range list {
		all[i] = a.String()
	}
	return strings.Join(all, ", ")
}

func TestUnsetKeysHaveTheirDefaults(t *testing.T) {
	for name, jsonData := range map[string]string{
		"missing": `{` + required + `}`,
		"null": `{` + required + `,"host":null,"portMode":null,"port":null,"authMechanism":null,"mailType":null,"fromName":null,"replyTo":null,
			"to":null,"cc":null,"bcc":null,"allowedRecipients":null,"recipientMode":null,"language":null,"timezone":null,"subjectTemplate":null,
			"maxConnections":null,"messagesPerConnection":null,"timeoutSeconds":null,"messagesPerMinute":null,"dedupeSeconds":null,"serverName":null,"tlsSkipVerify":null,
			"tlsAuthWithCACert":null,"enableSecureSocksProxy":null,"ehloName":null,"serviceResults":null,"serviceUrl":null}`,
		"empty": `{` + required + `,"host":"","portMode":"","port":"","authMechanism":" ","mailType":"","fromName":"","replyTo":"","to":"","cc":[],"bcc":[""],
			"allowedRecipients":[null],"recipientMode":"","language":"","timezone":"","maxConnections":"","messagesPerConnection":"","timeoutSeconds":"","messagesPerMinute":"",
			"dedupeSeconds":"","tlsSkipVerify":"","ehloName":"","serviceResults":"","serviceUrl":" "}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := load(t, jsonData)
			if s.Host != "smtp-mail.nhncloudservice.com" || s.PortMode != nhncloud.STARTTLS || s.Port != 587 || s.AuthMechanism != settings.AuthAuto {
				t.Errorf("connection: %+v", s)
			}
			if s.MailType != nhncloud.Unset || s.UserName(s.MailType) != "AppKey" || s.SecretKey.Reveal() != "SecretKey" || s.WebhookSecret.IsSet() {
				t.Errorf("credentials: %+v", s)
			}
			if s.From.String() != "alert@example.com" || s.ReplyTo != nil || len(s.To)+len(s.Cc)+len(s.Bcc)+len(s.AllowedRecipients) != 0 || s.RecipientMode != settings.Single {
				t.Errorf("mail: %+v", s)
			}
			if s.Language != "en" || s.Location != time.UTC || s.SubjectTemplate+s.TextTemplate+s.HTMLTemplate != "" {
				t.Errorf("message: %+v", s)
			}
			if s.MaxConnections != 4 || s.MessagesPerConnection != 100 || s.Timeout != 10*time.Second || s.MessagesPerMinute != 0 || s.Dedupe != 30*time.Second {
				t.Errorf("limits: %+v", s)
			}
			if s.ServiceResults || s.ServiceURL != nhncloud.API {
				t.Errorf("service: %+v", s)
			}
			if s.ServerName != "" || s.TLSSkipVerify || s.RootCAs != nil || s.SOCKSProxy || s.EHLOName != "" {
				t.Errorf("TLS: %+v", s)
			}
		})
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	ca := certificate(t)
	s, err := settings.Load([]byte(`{
		"host": "relay.example.com", "portMode": "tlsWrapper", "port": 10465, "authMechanism": "login",
		"appKey": "AppKey", "mailType": "auth",
		"fromAddress": "alert@例え.jp", "fromName": "監視 Alert", "replyTo": "Help <help@example.com>",
		"to": ["Ops <ops@example.com>", "db@example.com"], "cc": ["boss@example.com"], "bcc": ["log@example.com"],
		"allowedRecipients": ["@example.com", "*@*.example.org"], "recipientMode": "individual",
		"language": "ko", "timezone": "Asia/Seoul",
		"subjectTemplate": "{{ .Title }}", "textTemplate": "a\nb", "htmlTemplate": "<p>",
		"maxConnections": 8, "messagesPerConnection": 20, "timeoutSeconds": 20, "messagesPerMinute": 60, "dedupeSeconds": 0,
		"serverName": "smtp.example.com", "tlsSkipVerify": true, "tlsAuthWithCACert": true, "enableSecureSocksProxy": true, "ehloName": "grafana.example.com",
		"serviceResults": true, "serviceUrl": "https://api.example.com/email/",
		"oauthPassThru": false, "pdcInjected": {"a": 1}
	}`), map[string]string{"secretKey": " SecretKey\n", "webhookSecret": " hmac ", "tlsCACert": ca})
	if err != nil {
		t.Fatal(err)
	}
	if s.Host != "relay.example.com" || s.PortMode != nhncloud.TLSWrapper || s.Port != 10465 || s.AuthMechanism != settings.AuthLogin {
		t.Errorf("connection: %+v", s)
	}
	if s.UserName(s.MailType) != "AppKey#auth" || s.SecretKey.Reveal() != "SecretKey" || s.WebhookSecret.Reveal() != " hmac " {
		t.Errorf("credentials: %+v", s)
	}
	if s.From.String() != "監視 Alert <alert@例え.jp>" || s.From.Mailbox() != "alert@xn--r8jz45g.jp" || s.ReplyTo == nil || s.ReplyTo.String() != "Help <help@example.com>" {
		t.Errorf("sender: %+v", s)
	}
	if show(s.To) != "Ops <ops@example.com>, db@example.com" || show(s.Cc) != "boss@example.com" || show(s.Bcc) != "log@example.com" ||
		len(s.AllowedRecipients) != 2 || s.RecipientMode != settings.Individual {
		t.Errorf("recipients: %+v", s)
	}
	if s.Language != "ko" || s.Location.String() != "Asia/Seoul" || s.SubjectTemplate != "{{ .Title }}" || s.TextTemplate != "a\nb" || s.HTMLTemplate != "<p>" {
		t.Errorf("message: %+v", s)
	}
	if s.MaxConnections != 8 || s.MessagesPerConnection != 20 || s.Timeout != 20*time.Second || s.MessagesPerMinute != 60 || s.Dedupe != 0 {
		t.Errorf("limits: %+v", s)
	}
	if s.ServerName != "smtp.example.com" || !s.TLSSkipVerify || s.RootCAs == nil || !s.SOCKSProxy || s.EHLOName != "grafana.example.com" {
		t.Errorf("TLS: %+v", s)
	}
	if !s.ServiceResults || s.ServiceURL != "https://api.example.com/email" {
		t.Errorf("service: %+v", s)
	}
}

func TestOtherWaysToWriteAValue(t *testing.T) {
	tests := []struct {
		name, json string
		got        func(settings.Settings) any
		want       any
	}{
		{"a port in a string", `"port":"2587"`, func(s settings.Settings) any { return s.Port }, 2587},
		{"a port in a string with space", `"port":" 25 "`, func(s settings.Settings) any { return s.Port }, 25},
		{"a limit in a string", `"messagesPerMinute":"120"`, func(s settings.Settings) any { return s.MessagesPerMinute }, 120},
		{"a boolean in a string", `"tlsSkipVerify":"true"`, func(s settings.Settings) any { return s.TLSSkipVerify }, true},
		{"a boolean in capitals", `"tlsSkipVerify":"True"`, func(s settings.Settings) any { return s.TLSSkipVerify }, true},
		{"false in a string", `"tlsSkipVerify":"false"`, func(s settings.Settings) any { return s.TLSSkipVerify }, false},
		{"the wrapper's default port", `"portMode":"tlsWrapper"`, func(s settings.Settings) any { return s.Port }, 465},
		{"the wrapper's default port on another host", `"portMode":"tlsWrapper","host":"relay.example.com"`, func(s settings.Settings) any { return s.Port }, 465},
		{"any port on another host", `"port":465,"host":"relay.example.com"`, func(s settings.Settings) any { return s.Port }, 465},
		{"the host with a dot and in capitals", `"host":"SMTP-Mail.NHNCloudService.com."`, func(s settings.Settings) any { return s.Host }, nhncloud.Host},
		{"an IPv4 host", `"host":"192.0.2.1"`, func(s settings.Settings) any { return s.Host }, "192.0.2.1"},
		{"an IPv6 host", `"host":"2001:DB8::1"`, func(s settings.Settings) any { return s.Host }, "2001:db8::1"},
		{"an IPv6 host in brackets", `"host":"[2001:db8::1]"`, func(s settings.Settings) any { return s.Host }, "2001:db8::1"},
		{"an international host", `"host":"メール.example.jp"`, func(s settings.Settings) any { return s.Host }, "xn--4dkua4c.example.jp"},
		{"an IPv4 address as own name", `"ehloName":"[192.0.2.7]"`, func(s settings.Settings) any { return s.EHLOName }, "[192.0.2.7]"},
		{"an IPv6 address as own name", `"ehloName":"2001:db8::7"`, func(s settings.Settings) any { return s.EHLOName }, "[IPv6:2001:db8::7]"},
		{"recipients in a string", `"to":"Ops <ops@example.com>, db@example.com"`, func(s settings.Settings) any { return show(s.To) }, "Ops <ops@example.com>, db@example.com"},
		{"recipients on lines", `"to":"ops@example.com\ndb@example.com\n"`, func(s settings.Settings) any { return show(s.To) }, "ops@example.com, db@example.com"},
		{"recipients in one element", `"to":["ops@example.com;db@example.com"]`, func(s settings.Settings) any { return show(s.To) }, "ops@example.com, db@example.com"},
		{"patterns in a string", `"allowedRecipients":"@example.com,*@*.example.com"`, func(s settings.Settings) any { return len(s.AllowedRecipients) }, 2},
		{"a name in fromAddress", `"fromAddress":"Alert <alert@example.com>"`, func(s settings.Settings) any { return s.From.String() }, "Alert <alert@example.com>"},
		{"a name in both", `"fromAddress":"Alert <alert@example.com>","fromName":"Ops"`, func(s settings.Settings) any { return s.From.String() }, "Ops <alert@example.com>"},
		{"space around the AppKey", `"appKey":" AppKey\n"`, func(s settings.Settings) any { return s.AppKey }, "AppKey"},
		{"a CA that is not in use", `"tlsAuthWithCACert":false`, func(s settings.Settings) any { return s.RootCAs == nil }, true},
		{"an API on this machine", `"serviceUrl":"http://127.0.0.1:8080"`, func(s settings.Settings) any { return s.ServiceURL }, "http://127.0.0.1:8080"},
		{"an API on this machine, IPv6", `"serviceUrl":"http://[::1]:8080/"`, func(s settings.Settings) any { return s.ServiceURL }, "http://[::1]:8080"},
		{"a key twice", `"port":25,"port":2587`, func(s settings.Settings) any { return s.Port }, 2587},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.got(load(t, `{`+required+`,`+tt.json+`}`)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestBadValues(t *testing.T) {
	long := strings.Repeat("x", 200)
	tests := []struct{ name, json, want string }{
		{"host with a scheme", `"host":"smtp://relay.example.com"`, `host is a URL or an address; it must be a host name or IP address, without scheme, user and port`},
		{"host with a password", `"host":"user:hunter2@relay.example.com"`, `host is a URL or an address; it must be a host name or IP address, without scheme, user and port`},
		{"host with a port", `"host":"relay.example.com:587"`, `host is "relay.example.com:587"; it must be a host name or IP address, without scheme and port`},
		{"host with a space", `"host":"relay example"`, `host is "relay example"; it must be a host name or IP address, without scheme and port`},
		{"host with a zone", `"host":"fe80::1%eth0"`, `host is "fe80::1%eth0"; it must be a host name or IP address, without scheme and port`},
		{"host with a line break", `"host":"relay\r\nQUIT"`, `host holds a line break or another control character; write it on one line`},
		{"host that is a number", `"host":5`, `host is a number; it must be a string (in YAML, put it in quotes)`},
		{"host that is long", `"host":"` + long + `"`, `host is "` + long[:60] + `"...; it must be a host name or IP address, without scheme and port`},

		{"portMode unknown", `"portMode":"ssl"`, `portMode is "ssl"; it must be "starttls" or "tlsWrapper"`},
		{"portMode in another case", `"portMode":"STARTTLS"`, `portMode is "STARTTLS"; it must be "starttls" or "tlsWrapper"`},
		{"portMode unknown, beside a port", `"portMode":"ssl","port":465`, `portMode is "ssl"; it must be "starttls" or "tlsWrapper"`},
		{"port of the other mode", `"port":465`, `port is 465, but with portMode "starttls" smtp-mail.nhncloudservice.com listens on 587, 25 or 2587; set portMode to "tlsWrapper" for 465`},
		{"port of the other mode, wrapper", `"portMode":"tlsWrapper","port":"587"`, `port is 587, but with portMode "tlsWrapper" smtp-mail.nhncloudservice.com listens on 465 or 2465; set portMode to "starttls" for 587`},
		{"port of no mode", `"port":26`, `port is 26, but with portMode "starttls" smtp-mail.nhncloudservice.com listens on 587, 25 or 2587`},
		{"port in words", `"port":"smtp"`, `port is "smtp"; it must be a whole number from 1 to 65535`},
		{"port with a fraction", `"port":587.5`, `port is 587.5; it must be a whole number from 1 to 65535`},
		{"port zero", `"port":0`, `port is 0; it must be a whole number from 1 to 65535`},
		{"port too great", `"host":"relay.example.com","port":65536`, `port is 65536; it must be a whole number from 1 to 65535`},
		{"port far too great", `"port":` + strings.Repeat("9", 100), `port is a number; it must be a whole number from 1 to 65535`},
		{"port that is true", `"port":true`, `port is true; it must be a whole number from 1 to 65535`},
		{"port that is an object", `"port":{}`, `port is an object; it must be a whole number from 1 to 65535`},

		{"authMechanism unknown", `"authMechanism":"cram-md5"`, `authMechanism is "cram-md5"; it must be "auto", "plain" or "login"`},
		{"appKey with a mail type", `"appKey":"AppKey#ad"`, `appKey holds "#"; write the AppKey alone and choose the type with mailType`},
		{"appKey with a space", `"appKey":"App Key"`, `appKey holds a space; write the AppKey alone`},
		{"appKey with a NUL", `"appKey":"App\u0000Key"`, `appKey holds a line break or another control character; write it on one line`},
		{"appKey with a zero-width space", `"appKey":"AppKey\u200b"`, `appKey holds an invisible character, which comes from copying; type it, or copy it as plain text`},
		{"appKey that YAML made a number", `"appKey":83`, `appKey is a number; it must be a string (in YAML, put it in quotes)`},
		{"appKey empty", `"appKey":" "`, `appKey is missing; copy it from the NHN Cloud console`},
		{"mailType unknown", `"mailType":"bulk"`, `mailType is "bulk"; it must be "normal", "auth" or "ad"`},

		{"fromAddress empty", `"fromAddress":""`, `fromAddress is missing; it must be a mail address whose domain the NHN Cloud console lets you send from`},
		{"fromAddress no address", `"fromAddress":"alert"`, `fromAddress: "alert" is not a mail address (user@example.com or Name <user@example.com>)`},
		{"fromAddress with a header", `"fromAddress":"alert@example.com\r\nBcc: x@example.org"`, `fromAddress holds a line break or another control character; write it on one line`},
		{"fromAddress beyond ASCII", `"fromAddress":"운영@example.com"`, `fromAddress: "운영@example.com": the part before the @ may hold ASCII letters, digits, !#$%&'*+-/=?^_` + "`" + `{|}~ and, except in front, dots only`},
		{"fromAddress without a domain name", `"fromAddress":"a@exa_mple.com"`, `fromAddress: "a@exa_mple.com": "exa_mple.com" is not a domain name`},
		{"fromAddress too long", `"fromAddress":"` + strings.Repeat("a", 65) + `@example.com"`, `fromAddress: "` + strings.Repeat("a", 65) + `@example.com" is too long (at most 64 octets before the @, 254 in all)`},
		{"fromName with a line break", `"fromName":"a\nb"`, `fromName holds a line break or another control character; write it on one line`},
		{"replyTo two", `"replyTo":"a@example.com, b@example.com"`, `replyTo: "a@example.com, b@example.com" is not a mail address (user@example.com or Name <user@example.com>)`},
		{"to no address", `"to":["ops@example.com","ops"]`, `to: "ops" is not a mail address (user@example.com or Name <user@example.com>)`},
		{"to two wrong", `"to":["a","b"]`, `to: "a" is not a mail address (user@example.com or Name <user@example.com>)` + "\n" + `to: "b" is not a mail address (user@example.com or Name <user@example.com>)`},
		{"to with a number", `"to":["ops@example.com",5]`, `to[1] is 5; it must be a string`},
		{"to that is an object", `"to":{"a":1}`, `to is an object; it must be an array of strings`},
		{"cc a number", `"cc":5`, `cc is 5; it must be an array of strings`},
		{"bcc a pattern", `"bcc":["@example.com"]`, `bcc: "@example.com" is not a mail address (user@example.com or Name <user@example.com>)`},
		{"to beyond the limit", `"to":"` + strings.Repeat("a@example.com,", 1001) + `"`, `to holds 1001 entries; at most 1000 are allowed`},
		{"allowedRecipients a domain", `"allowedRecipients":["example.com"]`, `allowedRecipients: "example.com" is not user@example.com, @example.com or *@*.example.com`},
		{"allowedRecipients everybody", `"allowedRecipients":["*"]`, `allowedRecipients: "*" is not user@example.com, @example.com or *@*.example.com`},
		{"recipientMode unknown", `"recipientMode":"bcc"`, `recipientMode is "bcc"; it must be "single", "individual" or "undisclosed"`},

		{"language unknown", `"language":"ja-JP"`, `language is "ja-JP"; it must be "en", "ja" or "ko"`},
		{"timezone unknown", `"timezone":"Asia/Pusan"`, `timezone is "Asia/Pusan"; it must be "UTC" or an IANA name such as "Asia/Seoul"`},
		{"timezone of the server", `"timezone":"Local"`, `timezone is "Local"; it must be "UTC" or an IANA name such as "Asia/Seoul"`},
		{"timezone a path", `"timezone":"../../etc/passwd"`, `timezone is "../../etc/passwd"; it must be "UTC" or an IANA name such as "Asia/Seoul"`},
		{"unsubscribeUrl over http", `"unsubscribeUrl":"http://example.com/u"`, `unsubscribeUrl is "http://example.com/u"; it must be an https URL`},
		{"unsubscribeAddress no address", `"unsubscribeAddress":"nobody"`, `unsubscribeAddress: "nobody" is not a mail address (user@example.com or Name <user@example.com>)`},
		{"ad mail without its sender", `"mailType":"ad","unsubscribeAddress":"u@example.com"`, `adSenderName is missing; with mailType "ad" the mail must name its sender
adSenderAddress is missing; with mailType "ad" the mail must give its sender's address`},
		{"ad mail without a way out", `"mailType":"ad","adSenderName":"Example","adSenderAddress":"Seoul"`, `unsubscribeUrl and unsubscribeAddress are missing; with mailType "ad" one of them must say how to unsubscribe`},
		{"stableSubject unclear", `"stableSubject":"yes"`, `stableSubject is "yes"; it must be true or false`},
		{"subjectTemplate a number", `"subjectTemplate":5`, `subjectTemplate is a number; it must be a string (in YAML, put it in quotes)`},
		{"textTemplate a boolean", `"textTemplate":true`, `textTemplate is a boolean; it must be a string (in YAML, put it in quotes)`},
		{"htmlTemplate an array", `"htmlTemplate":[]`, `htmlTemplate is an array; it must be a string (in YAML, put it in quotes)`},

		{"maxConnections too few", `"maxConnections":0`, `maxConnections is 0; it must be a whole number from 1 to 50`},
		{"maxConnections too many", `"maxConnections":"51"`, `maxConnections is "51"; it must be a whole number from 1 to 50`},
		{"messagesPerConnection too few", `"messagesPerConnection":0`, `messagesPerConnection is 0; it must be a whole number from 1 to 10000`},
		{"timeoutSeconds too short", `"timeoutSeconds":0`, `timeoutSeconds is 0; it must be a whole number from 1 to 60`},
		{"timeoutSeconds with a unit", `"timeoutSeconds":"10s"`, `timeoutSeconds is "10s"; it must be a whole number from 1 to 60`},
		{"messagesPerMinute negative", `"messagesPerMinute":-1`, `messagesPerMinute is -1; it must be a whole number from 0 to 100000`},
		{"dedupeSeconds too long", `"dedupeSeconds":86401`, `dedupeSeconds is 86401; it must be a whole number from 0 to 86400`},

		{"serverName with a port", `"serverName":"relay.example.com:465"`, `serverName is "relay.example.com:465"; it must be a host name or IP address, without scheme and port`},
		{"ehloName with a space", `"ehloName":"my host"`, `ehloName is "my host"; it must be a host name or IP address, without scheme and port`},
		{"tlsSkipVerify a word", `"tlsSkipVerify":"yes"`, `tlsSkipVerify is "yes"; it must be true or false`},
		{"tlsSkipVerify a number", `"tlsSkipVerify":1`, `tlsSkipVerify is 1; it must be true or false`},
		{"tlsAuthWithCACert an array", `"tlsAuthWithCACert":[true]`, `tlsAuthWithCACert is an array; it must be true or false`},
		{"enableSecureSocksProxy a word", `"enableSecureSocksProxy":"on"`, `enableSecureSocksProxy is "on"; it must be true or false`},

		{"serviceResults a word", `"serviceResults":"on"`, `serviceResults is "on"; it must be true or false`},
		{"serviceUrl without TLS", `"serviceUrl":"http://api.example.com"`, `serviceUrl is "http://api.example.com"; it must be an https URL, since the SecretKey is sent there`},
		{"serviceUrl of another scheme", `"serviceUrl":"ftp://127.0.0.1"`, `serviceUrl is "ftp://127.0.0.1"; it must be an https URL, since the SecretKey is sent there`},
		{"serviceUrl a host", `"serviceUrl":"api.example.com"`, `serviceUrl is not the address of an API; it must be an https URL without user, query and fragment, such as https://email.api.nhncloudservice.com`},
		{"serviceUrl with a password", `"serviceUrl":"https://user:hunter2@api.example.com"`, `serviceUrl is not the address of an API; it must be an https URL without user, query and fragment, such as https://email.api.nhncloudservice.com`},
		{"serviceUrl with an empty query", `"serviceUrl":"https://api.example.com?"`, `serviceUrl is not the address of an API; it must be an https URL without user, query and fragment, such as https://email.api.nhncloudservice.com`},
		{"serviceUrl with an empty fragment", `"serviceUrl":"https://api.example.com/#"`, `serviceUrl is not the address of an API; it must be an https URL without user, query and fragment, such as https://email.api.nhncloudservice.com`},
		{"serviceUrl without a host", `"serviceUrl":"https://:443"`, `serviceUrl is not the address of an API; it must be an https URL without user, query and fragment, such as https://email.api.nhncloudservice.com`},
		{"serviceUrl with a query", `"serviceUrl":"https://api.example.com?key=hunter2"`, `serviceUrl is not the address of an API; it must be an https URL without user, query and fragment, such as https://email.api.nhncloudservice.com`},

		{"a secret in jsonData", `"secretKey":"hunter2"`, `secretKey stands in jsonData, where everyone who sees the data source can read it; move it to secureJsonData`},
		{"a wrong-typed secret in jsonData", `"webhookSecret":5`, `webhookSecret stands in jsonData, where everyone who sees the data source can read it; move it to secureJsonData`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := settings.Load([]byte(`{`+required+`,`+tt.json+`}`), secrets)
			if err == nil {
				t.Fatalf("read as %+v", s)
			}
			if err.Error() != tt.want {
				t.Errorf("\ngot  %s\nwant %s", err, tt.want)
			}
			saidOnThePage(t, err)
		})
	}
}

// saidOnThePage checks that the page's sentences about each problem, in every language,
// have what they quote.
func saidOnThePage(t *testing.T, err error) {
	t.Helper()
	var invalid *settings.Error
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../src/locales/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var locale struct{ Problem map[settings.Code]string }
		if err := json.Unmarshal(content, &locale); err != nil {
			t.Fatal(err)
		}
		for _, problem := range invalid.Problems {
			said := locale.Problem[problem.Code]
			for name, value := range problem.Params {
				said = strings.ReplaceAll(said, "{{"+name+"}}", value)
			}
			if said == "" || strings.Contains(said, "{{") {
				t.Errorf("%s: %s is said as %q", file, problem.Code, said)
			}
		}
	}
}

func TestBadSecrets(t *testing.T) {
	const remedy = "paste the CA's certificate, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, or turn tlsAuthWithCACert off"
	ca := certificate(t)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("hunter2")}))
	false1 := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("hunter2")}))
	tests := []struct {
		name   string
		secure map[string]string
		want   string
	}{
		{"no secretKey", map[string]string{"secretKey": ""}, "secretKey is missing; copy it from the NHN Cloud console and set it in secureJsonData"},
		{"a blank secretKey", map[string]string{"secretKey": " \n"}, "secretKey is missing; copy it from the NHN Cloud console and set it in secureJsonData"},
		{"a secretKey on two lines", map[string]string{"secretKey": "hunter2\nhunter2"}, "secretKey holds a line break or another control character; copy it again from the NHN Cloud console"},
		{"a secretKey with a byte order mark", map[string]string{"secretKey": "\ufeffhunter2"}, "secretKey holds an invisible character, which comes from copying; type it, or copy it as plain text"},
		{"a blank webhookSecret", map[string]string{"webhookSecret": " \n"}, "webhookSecret is blank, which anyone can guess; set a long random one, or remove it"},
		{"a secretKey with a NUL", map[string]string{"secretKey": "hunter2\x00x"}, "secretKey holds a line break or another control character; copy it again from the NHN Cloud console"},
		{"no CA", map[string]string{"tlsCACert": ""}, "tlsCACert is missing, but tlsAuthWithCACert is true; " + remedy},
		{"a CA in words", map[string]string{"tlsCACert": "hunter2"}, "tlsCACert is not PEM; " + remedy},
		{"a cut CA", map[string]string{"tlsCACert": ca[:len(ca)/2]}, "tlsCACert is not PEM; " + remedy},
		{"a cut CA after a good one", map[string]string{"tlsCACert": ca + ca[:len(ca)/2]}, "tlsCACert is not PEM; " + remedy},
		{"a cut CA before a good one", map[string]string{"tlsCACert": ca[:len(ca)/2] + ca}, "tlsCACert is not PEM; " + remedy},
		{"a private key", map[string]string{"tlsCACert": ca + key}, "tlsCACert holds something other than certificates; " + remedy},
		{"a false CA after a good one", map[string]string{"tlsCACert": ca + false1}, "tlsCACert holds a certificate that cannot be read; " + remedy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			secure := map[string]string{"secretKey": "SecretKey", "tlsCACert": ca}
			maps.Copy(secure, tt.secure)
			_, err := settings.Load([]byte(`{`+required+`,"tlsAuthWithCACert":true}`), secure)
			if err == nil || err.Error() != tt.want {
				t.Errorf("\ngot  %v\nwant %s", err, tt.want)
			}
			saidOnThePage(t, err)
		})
	}
}

// TestCAIsReadAsPeoplePasteIt: what is pasted is seldom the bare block.
func TestCAIsReadAsPeoplePasteIt(t *testing.T) {
	one, two := certificate(t), certificate(t)
	both := x509.NewCertPool()
	if !both.AppendCertsFromPEM([]byte(one + two)) {
		t.Fatal("the test's own certificates cannot be read")
	}
	escaped := func(lineEnd string) string { return strings.ReplaceAll(one+two, "\n", lineEnd) }
	for name, pasted := range map[string]string{
		"openssl s_client -showcerts": "CONNECTED(00000003)\ndepth=1 CN = Test CA\nverify return:1\n---\nCertificate chain\n" +
			" 0 s:CN = mail.example.com\n   i:CN = Test CA\n   a:PKEY: rsaEncryption, 2048 (bit); sigalg: RSA-SHA256\n" + one +
			" 1 s:CN = Test CA\n   i:CN = Test CA\n" + two +
			"---\nServer certificate\nsubject=CN = mail.example.com\n\nissuer=CN = Test CA\n\n---\nNo client certificate CA names sent\n---\nSSL handshake has read 2214 bytes and written 394 bytes\n",
		"openssl x509 -text":                "Certificate:\n    Data:\n        Version: 3 (0x2)\n" + one + "Certificate:\n    Data:\n" + two,
		"words around":                      "our CAs:\n" + one + "and the old one\n" + two + "thank you",
		"CRLF":                              escaped("\r\n"),
		"CR":                                escaped("\r"),
		`\n escapes, as in JSON`:            escaped(`\n`),
		`\r\n escapes`:                      escaped(`\r\n`),
		`\n escapes, escaped twice`:         escaped(`\\n`),
		"indented, as in YAML":              "    " + escaped("\n    "),
		"on one line, by an unquoted shell": escaped(" "),
		"a byte order mark":                 "\ufeff" + one + two,
		"without the last line end":         strings.TrimSpace(one + two),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := settings.Load([]byte(`{`+required+`,"tlsAuthWithCACert":true}`), map[string]string{"secretKey": "SecretKey", "tlsCACert": pasted})
			if err != nil || !s.RootCAs.Equal(both) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestEveryProblemIsToldAtOnce(t *testing.T) {
	_, err := settings.Load([]byte(`{"port":"x","tlsSkipVerify":"perhaps","language":"de"}`), nil)
	var invalid *settings.Error
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var keys []string
	for _, problem := range invalid.Problems {
		keys = append(keys, problem.Key)
	}
	if got := strings.Join(keys, " "); got != "port appKey fromAddress language tlsSkipVerify secretKey" {
		t.Errorf("problems of %s", got)
	}
	if strings.Count(err.Error(), "\n") != len(keys)-1 {
		t.Errorf("not one line each:\n%s", err)
	}
}

func TestJSONDataThatIsNoObject(t *testing.T) {
	tests := []struct{ name, json, want string }{
		{"an array", `["hunter2"]`, "jsonData is not a JSON object; see the data source's provisioning file"},
		{"a string", `"hunter2"`, "jsonData is not a JSON object; see the data source's provisioning file"},
		{"a cut object", `{"appKey":"hunter2`, "jsonData is not a JSON object; see the data source's provisioning file"},
		{"two objects", `{} {"appKey":"hunter2"}`, "jsonData is more than one JSON object; see the data source's provisioning file"},
	}
	for _, tt := range tests {
		if _, err := settings.Load([]byte(tt.json), secrets); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, none := range []string{"", " ", "null", "{}"} {
		_, err := settings.Load([]byte(none), secrets)
		if err == nil || !strings.HasPrefix(err.Error(), "appKey is missing") {
			t.Errorf("%q: %v", none, err)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	const hidden = "hunter2"
	s, err := settings.Load([]byte(`{`+required+`}`), map[string]string{"secretKey": hidden, "webhookSecret": hidden})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	printed := string(encoded) + s.SecretKey.String()
	owner := struct{ settings settings.Settings }{s} // fmt reads unexported fields by reflection
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%20s", "%!"} {
		printed += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, &s) + fmt.Sprintf(verb, owner) + fmt.Sprintf(verb, &owner) + fmt.Sprintf(verb, s.SecretKey) + fmt.Sprintf(verb, []any{s.WebhookSecret})
	}
	for _, form := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden)} {
		if strings.Contains(printed, form) {
			t.Errorf("%q is printed", form)
		}
	}
	if s.SecretKey.Reveal() != hidden {
		t.Errorf("revealed %q", s.SecretKey.Reveal())
	}
}

// certificate is a CA in PEM form.
func certificate(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func FuzzLoad(f *testing.F) {
	for _, jsonData := range []string{
		`{` + required + `}`, `{` + required + `,"port":"465","portMode":"tlsWrapper","to":"a@example.com;b@example.com"}`,
		`{"host":"[2001:db8::1]","ehloName":"[192.0.2.1]","timezone":"Asia/Tokyo","allowedRecipients":["*@*.example.com"]}`,
		`{"to":[1,null,"x"],"tlsAuthWithCACert":"true","maxConnections":1e9}`, `null`, `[]`, `{"a":1}{}`,
	} {
		f.Add([]byte(jsonData), "SecretKey", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	}
	f.Fuzz(func(t *testing.T, jsonData []byte, secret, ca string) {
		const canary = "c4n4ry"
		s, err := settings.Load(jsonData, map[string]string{"secretKey": secret + canary, "webhookSecret": canary, "tlsCACert": ca + canary})
		if err != nil {
			var invalid *settings.Error
			if !errors.As(err, &invalid) || len(invalid.Problems) == 0 {
				t.Fatalf("%#v", err)
			}
			for _, problem := range invalid.Problems {
				shown, err := json.Marshal(problem)
				if err != nil || problem.Message == "" || strings.ContainsAny(problem.Message, "\r\n\x00") {
					t.Fatalf("not one line: %q, %v", problem, err)
				}
				if !strings.Contains(string(jsonData), canary) && strings.Contains(string(shown), canary) {
					t.Fatalf("a secret in %s", shown)
				}
			}
			if !strings.Contains(string(jsonData), canary) && strings.Contains(err.Error(), canary) {
				t.Fatalf("a secret in %q", err)
			}
			return
		}
		if s.AppKey == "" || s.From.Local == "" || s.Host == "" || s.Port < 1 || s.Location == nil || s.Timeout < time.Second || s.MaxConnections < 1 || s.MessagesPerConnection < 1 ||
			nhncloud.IsHost(s.Host) && !nhncloud.Offers(s.PortMode, s.Port) {
			t.Fatalf("incomplete: %+v", s)
		}
	})
}

// TestNamesInDNSAreThoseOfTXTRecords: with underscores, which host names have not, in
// lower case, and nothing that is no name.
func TestNamesInDNSAreThoseOfTXTRecords(t *testing.T) {
	s := load(t, `{`+required+`}`)
	if s.DKIMSelector != "toast" || s.SPFInclude != "_spfblocka.toast.com" {
		t.Errorf("%q, %q", s.DKIMSelector, s.SPFInclude)
	}
	s = load(t, `{`+required+`,"dkimSelector":" S1.Mail ","spfInclude":"Mail.NHNCloudService.com."}`)
	if s.DKIMSelector != "s1.mail" || s.SPFInclude != "mail.nhncloudservice.com" {
		t.Errorf("%q, %q", s.DKIMSelector, s.SPFInclude)
	}
	for _, wrong := range []string{"a b", "a..b", ".a", "-a", "a-", "https://a.com", "例え.jp", "a=b", strings.Repeat("a", 64), strings.Repeat("a.", 110) + "a"} {
		for _, key := range []string{"dkimSelector", "spfInclude"} {
			_, err := settings.Load(with(key, wrong), secrets)
			if err == nil || !strings.HasPrefix(err.Error(), key+" is ") || !strings.Contains(err.Error(), "a DNS name") {
				t.Errorf("%s %q: %v", key, wrong, err)
			}
		}
	}
}

// TestAMillionMistakesAreNotTold: what is wrong with a list has an end.
func TestAMillionMistakesAreNotTold(t *testing.T) {
	for _, key := range []string{"to", "cc", "bcc", "allowedRecipients"} {
		wrong := `{"` + key + `":[` + strings.Repeat("1,", 1_000_000) + `1]}`
		if _, problems := settings.Check([]byte(wrong), nil); len(problems) > 200 {
			t.Errorf("%s: %d problems", key, len(problems))
		}
	}
}
