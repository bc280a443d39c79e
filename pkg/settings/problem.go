package settings

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Code is a kind of problem: the part of its message's key behind "problem." in
// src/locales.
type Code string

// Problem is what is wrong with one setting. It holds no secret.
type Problem struct {
	Key    string            `json:"key"`
	Code   Code              `json:"code"`
	Params map[string]string `json:"params,omitempty"`
	// Message says it for logs and provisioning files: in English and by the keys. The
	// page says it at the field, in its own words and languages, by Code and Params.
	Message string `json:"message"`
}

// Error is everything that is wrong with a data source's settings. It holds no
// secret.
type Error struct {
	// Problems are in the order of the settings.
	Problems []Problem
}

// Error is the messages of the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Message
	}
	return strings.Join(lines, "\n")
}

// english has the message of each code, for the log. What stands in {{ }} is the key
// or a parameter.
var english = map[Code]string{}

func code(c Code, message string) Code {
	english[c] = message
	return c
}

// The codes.
var (
	notObject   = code("not-object", "jsonData is not a JSON object; see the data source's provisioning file")
	moreObjects = code("more-objects", "jsonData is more than one JSON object; see the data source's provisioning file")
	notText     = code("text", "{{key}} is {{kind}}; it must be a string (in YAML, put it in quotes)")
	notLine     = code("line", "{{key}} holds a line break or another control character; write it on one line")
	unseen      = code("unseen", "{{key}} holds an invisible character, which comes from copying; type it, or copy it as plain text")
	notNumber   = code("number", "{{key}} is {{value}}; it must be a whole number from {{least}} to {{most}}")
	notFlag     = code("flag", "{{key}} is {{value}}; it must be true or false")
	notChoice   = code("choice", "{{key}} is {{value}}; it must be {{choices}}")
	notList     = code("list", "{{key}} is {{value}}; it must be an array of strings")
	notEntry    = code("list-entry", "{{key}}[{{index}}] is {{value}}; it must be a string")
	longList    = code("list-long", "{{key}} holds {{entries}} entries; at most {{most}} are allowed")

	hostURL   = code("host-url", "{{key}} is a URL or an address; it must be a host name or IP address, without scheme, user and port")
	notHost   = code("host", "{{key}} is {{value}}; it must be a host name or IP address, without scheme and port")
	wrongPort = code("port", `port is {{port}}, but with portMode "{{mode}}" {{host}} listens on {{ports}}`)
	otherMode = code("port-mode", `port is {{port}}, but with portMode "{{mode}}" {{host}} listens on {{ports}}; set portMode to "{{other}}" for {{port}}`)

	noAppKey      = code("app-key-missing", "appKey is missing; copy it from the NHN Cloud console")
	appKeyHash    = code("app-key-hash", `appKey holds "#"; write the AppKey alone and choose the type with mailType`)
	appKeySpace   = code("app-key-space", "appKey holds a space; write the AppKey alone")
	noSecretKey   = code("secret-key-missing", "secretKey is missing; copy it from the NHN Cloud console and set it in secureJsonData")
	secretKeyLine = code("secret-key-line", "secretKey holds a line break or another control character; copy it again from the NHN Cloud console")
	blankSecret   = code("webhook-secret-blank", "{{key}} is blank, which anyone can guess; set a long random one, or remove it")
	misplaced     = code("misplaced", "{{key}} stands in jsonData, where everyone who sees the data source can read it; move it to secureJsonData")

	noFrom      = code("from-missing", "fromAddress is missing; it must be a mail address whose domain the NHN Cloud console lets you send from")
	notDNSName  = code("dns-name", "{{key}} is {{value}}; it must be a DNS name: letters, digits, - and _, separated by dots")
	notPattern  = code("pattern", "{{key}}: {{words}}")
	notTimezone = code("timezone", "{{key}} is {{value}}; it must be "+LocationForm)

	notHTTPS      = code("https", "{{key}} is {{value}}; it must be an https URL")
	noAdName      = code("ad-name-missing", `adSenderName is missing; with mailType "ad" the mail must name its sender`)
	noAdAddress   = code("ad-address-missing", `adSenderAddress is missing; with mailType "ad" the mail must give its sender's address`)
	noUnsubscribe = code("unsubscribe-missing", `unsubscribeUrl and unsubscribeAddress are missing; with mailType "ad" one of them must say how to unsubscribe`)

	notAPI   = code("service-url", "serviceUrl is not the address of an API; it must be an https URL without user, query and fragment, such as {{example}}")
	plainAPI = code("service-url-https", "serviceUrl is {{value}}; it must be an https URL, since the SecretKey is sent there")

	notGrafana = code("grafana-url", "grafanaUrl is not the address of Grafana; it must be an http or https URL without user, query and fragment, such as {{example}}")
	notToken   = code("grafana-token", "grafanaToken is not a token; copy the one of a service account from Grafana")

	notProfiles  = code("profiles", "{{key}} is {{value}}; it must be an array of objects")
	notProfile   = code("profile", "{{key}} is {{value}}; it must be an object")
	noName       = code("profile-name", "{{key}} is {{value}}; it must be 1 to 40 letters (a to z), digits, - and _")
	sameName     = code("profile-twice", "{{key}} is {{value}}, as that of another profile; name it differently")
	notSetting   = code("profile-setting", "{{key}}: {{value}} is no setting of a profile; it must be {{choices}}")
	noAdvertiser = code("profile-ad", `{{key}} is "ad", for which the data source must name the advertiser: set adSenderName, adSenderAddress, and unsubscribeUrl or unsubscribeAddress`)
	notHeaders   = code("headers", "{{key}} is {{value}}; it must be an object of names and strings, {{most}} at most")
	notHeader    = code("header-name", "{{key}}: {{value}} is no name of a header field that may be added; it must be List-Id or X- with letters, digits and -, 64 at most")
	ownHeader    = code("header-own", "{{key}}: {{value}} is a header field that the mail has already; take another name")
	badHeader    = code("header-value", "{{key}}: what {{value}} holds must be one line of text, {{most}} octets at most")
	notListID    = code("header-list-id", "{{key}}: List-Id is {{value}}; it must be as <oncall.example.com> or Oncall <oncall.example.com>")
	notDigest    = code("digest", "{{key}} is {{value}}; it must be a time of day such as 09:00")
	notDays      = code("digest-days", "{{key}} holds {{value}}; it must hold {{choices}}")

	noCA         = code("ca-missing", "tlsCACert is missing, but tlsAuthWithCACert is true; "+caRemedy)
	notPEM       = code("ca-pem", "tlsCACert is not PEM; "+caRemedy)
	notCA        = code("ca-other", "tlsCACert holds something other than certificates; "+caRemedy)
	unreadableCA = code("ca-unreadable", "tlsCACert holds a certificate that cannot be read; "+caRemedy)

	// NoProxy is found out when the relay is to be dialed through Grafana's proxy.
	NoProxy = code("no-proxy", "enableSecureSocksProxy is true, but Grafana has no secure SOCKS proxy: set [secure_socks_datasource_proxy] in grafana.ini, or turn it off here")
)

const caRemedy = "paste the CA's certificate, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, or turn tlsAuthWithCACert off"

// notAddress has the code of each reason for which a text is no address.
var notAddress = map[address.Reason]Code{
	address.Empty:     code("address-empty", "{{key}}: {{words}}"),
	address.Malformed: code("address", "{{key}}: {{words}}"),
	address.Name:      code("address-name", "{{key}}: {{words}}"),
	address.Local:     code("address-local", "{{key}}: {{words}}"),
	address.NoDomain:  code("address-domain", "{{key}}: {{words}}"),
	address.Long:      code("address-long", "{{key}}: {{words}}"),
}

// NewProblem makes a problem of a key.
func NewProblem(key string, c Code, params ...param) Problem {
	p := Problem{Key: key, Code: c}
	words := []string{"{{key}}", key}
	for _, one := range params {
		words = append(words, "{{"+one.name+"}}", one.logged)
		if one.shown == "" {
			continue
		}
		if p.Params == nil {
			p.Params = make(map[string]string)
		}
		p.Params[one.name] = one.shown
	}
	p.Message = strings.NewReplacer(words...).Replace(english[c])
	return p
}

// param is a parameter of a problem: as the log has it, and as the page does, which
// puts it into quotation marks of its language.
type param struct{ name, logged, shown string }

// is makes a parameter that is the same in both.
func is(name, text string) param { return param{name, text, text} }

func number(name string, n int) param { return is(name, strconv.Itoa(n)) }

// value is what a key holds, short and on one line.
func value(v any) param { return param{"value", held(v), plain(v)} }

// maxShown is how many characters of a value are shown.
const maxShown = 60

// held shows a value in the log.
func held(v any) string {
	switch v := v.(type) {
	case string:
		if len(v) > maxShown {
			return fmt.Sprintf("%.*q...", maxShown, v)
		}
		return strconv.Quote(v)
	case json.Number:
		if len(v) > maxShown {
			return kind(v)
		}
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return kind(v)
}

// plain shows a value on the page.
func plain(v any) string {
	var text string
	switch v := v.(type) {
	case nil:
		return "null"
	case []any:
		return "[...]"
	case map[string]any:
		return "{...}"
	default:
		text = failure.Printable(fmt.Sprint(v))
	}
	if characters := []rune(text); len(characters) > maxShown {
		return string(characters[:maxShown]) + "..."
	}
	return text
}

// or lists words as `a, b or c`.
func or(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
