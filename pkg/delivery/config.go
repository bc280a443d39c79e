package delivery

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/config"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/picture"
)

const pluginID = "nhncloud-email-datasource"

// Config is what [plugin.nhncloud-email-datasource] of grafana.ini sets for
// the whole process.
type Config struct {
	url     string
	file    string // the default outbox; empty when outbox_url is set
	options outbox.Options
	images  picture.Hosts
	grafana grafana.Operator
	// grafanaErr is why grafana has no address: mail is sent without charts.
	grafanaErr error
	// started is what Grafana says of itself when it starts the process; more comes with a call.
	started map[string]string
	// dnsServer is asked for the records of senders' domains; empty: the system's.
	dnsServer string
	err       error // of a key that cannot be read: the health check and every answer to an alert say so
}

// ConfigFromEnv reads the keys as Grafana hands them on (GF_PLUGIN_<KEY>): outbox_url,
// retention, outbox_max_mails, outbox_max_bytes, image_hosts, dns_server, grafana_url and
// grafana_token. The default outbox is outbox.db in a folder nhncloud-email beside the
// plugins directory, which executable is in: the plugin's own directory is replaced on
// upgrade.
func ConfigFromEnv(getenv func(string) string, executable string) Config {
	c := Config{url: getenv("GF_PLUGIN_OUTBOX_URL"), dnsServer: strings.TrimSpace(getenv("GF_PLUGIN_DNS_SERVER"))}
	if c.url == "" {
		plugins := filepath.Dir(filepath.Dir(executable))
		c.file = filepath.Join(filepath.Dir(plugins), "nhncloud-email", "outbox.db")
		c.url = fileURL(filepath.ToSlash(c.file))
	}
	bad := func(key, value, must string) {
		if c.err == nil {
			c.err = fmt.Errorf("%s in [plugin.%s] of grafana.ini is %q; it must be %s", key, pluginID, value, must)
		}
	}
	if v := getenv("GF_PLUGIN_RETENTION"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 {
			bad("retention", v, "a duration such as 720h")
		}
		c.options.Retention = d
	}
	number := func(key, env string) int64 {
		v := getenv(env)
		if v == "" {
			return 0
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n <= 0 {
			bad(key, v, "a whole number above 0")
		}
		return n
	}
	c.options.MaxQueued = int(number("outbox_max_mails", "GF_PLUGIN_OUTBOX_MAX_MAILS"))
	c.options.MaxBytes = number("outbox_max_bytes", "GF_PLUGIN_OUTBOX_MAX_BYTES")
	hosts := getenv("GF_PLUGIN_IMAGE_HOSTS")
	var err error
	if c.images, err = picture.ParseHosts(hosts); err != nil {
		bad("image_hosts", hosts, "hosts, IP addresses and networks, with commas between them")
	}
	c.grafana, c.grafanaErr = grafana.ReadOperator(getenv("GF_PLUGIN_GRAFANA_URL"), getenv("GF_PLUGIN_GRAFANA_TOKEN"))
	c.started = map[string]string{config.AppURL: getenv(config.AppURL), config.AppClientSecret: getenv(config.AppClientSecret)}
	return c
}

// fileURL is the outbox_url of an absolute path, which begins with its volume on
// Windows and not with a slash: that would be taken for a host.
func fileURL(path string) string {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "sqlite", Path: path}).String()
}

// nothingThere says whether the outbox is to be in its default place and certainly
// no file is there yet.
func (c Config) nothingThere() bool {
	if c.file == "" {
		return false
	}
	_, err := os.Lstat(c.file)
	return errors.Is(err, fs.ErrNotExist)
}
