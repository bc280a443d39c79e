package grafana

import (
	"errors"
	"net/url"

	"github.com/grafana/grafana-plugin-sdk-go/config"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// Access is where Grafana's API is, and who asks it.
type Access struct {
	URL   string // without a slash at its end
	Token settings.Secret
	Org   int64 // the organization of the data source that asks
}

// Known says whether Grafana can be asked at all.
func (a Access) Known() bool { return a.URL != "" && a.Token.IsSet() }

// Operator is what [plugin.nhncloud-email-datasource] of grafana.ini says of Grafana:
// grafana_url and grafana_token.
type Operator struct {
	URL   string
	Token settings.Secret
}

// ReadOperator reads both keys.
func ReadOperator(address, token string) (Operator, error) {
	o := Operator{trimmed(address), settings.NewSecret(token)}
	if _, ok := baseURL(o.URL); o.URL != "" && !ok {
		return Operator{Token: o.Token}, errors.New("grafana_url must be an address such as http://localhost:3000")
	}
	return o, nil
}

// baseURL parses an address that paths of the API may follow.
func baseURL(address string) (*url.URL, bool) {
	u, err := url.Parse(address)
	return u, err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// Choose chooses the first of these that has a token: the data source's settings, the
// operator's, and the service account that Grafana itself manages for the plugin. Where
// the first says nothing of the address, that is the operator's, or else Grafana's
// root_url. The operator's token and the managed one are never sent to an address from
// the settings of a data source: whoever may save those must not get them.
func Choose(set *settings.Settings, o Operator, cfg *config.GrafanaCfg, org int64) Access {
	root, _ := cfg.AppURL()
	managed, _ := cfg.PluginAppClientSecret()
	switch {
	case set.GrafanaToken.IsSet():
		return Access{trimmed(set.GrafanaURL, o.URL, root), set.GrafanaToken, org}
	case o.Token.IsSet():
		return Access{trimmed(o.URL, root), o.Token, org}
	case managed != "":
		return Access{trimmed(o.URL, root), settings.NewSecret(managed), org}
	}
	return Access{Org: org}
}
