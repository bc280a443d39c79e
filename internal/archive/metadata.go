package archive

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// metadata is what the catalog reads of plugin.json.
type metadata struct {
	Type, Name, ID, Executable string
	Backend, Alerting          bool
	Info                       struct {
		Description, Version, Updated string
		Keywords                      []string
		Author                        struct{ Name, URL string }
		Logos                         struct{ Small, Large string }
		Links                         []struct{ Name, URL string }
		Screenshots                   []struct{ Name, Path string }
	}
	Includes     []struct{ Type, Name, Path string }
	Dependencies struct{ GrafanaDependency string }
}

var (
	pluginID   = regexp.MustCompile(`^[a-z0-9]+-[a-z0-9]+-datasource$`)
	version    = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	day        = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	dependency = regexp.MustCompile(`^>=\d+\.\d+\.\d+(-0)?$`) // neither one release nor one minor version only
)

// metadata checks plugin.json and the files it names.
func (c *checker) metadata(folder string) {
	var m metadata
	if err := json.Unmarshal(c.read("plugin.json"), &m); err != nil {
		c.add("plugin.json: %v", err)
		return
	}
	for what, ok := range map[string]bool{
		"id is " + m.ID + ", which is not org-name-datasource":                  pluginID.MatchString(m.ID),
		"id is " + m.ID + ", but the archive's folder is " + folder:             m.ID == folder,
		"type is " + m.Type + ", not datasource":                                m.Type == "datasource",
		"name is not one for people":                                            m.Name != "" && m.Name != m.ID,
		"backend, alerting and executable do not go together":                   m.Backend && m.Alerting && m.Executable == Executable,
		"info.version is " + m.Info.Version:                                     version.MatchString(m.Info.Version),
		"info.version is not that of package.json":                              m.Info.Version == c.packageVersion(),
		"info.updated is " + m.Info.Updated:                                     day.MatchString(m.Info.Updated),
		"info.description is empty":                                             m.Info.Description != "",
		"info.keywords is empty":                                                len(m.Info.Keywords) > 0,
		"info.author is incomplete":                                             m.Info.Author.Name != "" && secure(m.Info.Author.URL),
		"info.links is empty":                                                   len(m.Info.Links) > 0,
		"info.screenshots is empty":                                             len(m.Info.Screenshots) > 0,
		"dependencies.grafanaDependency is " + m.Dependencies.GrafanaDependency: dependency.MatchString(m.Dependencies.GrafanaDependency),
	} {
		if !ok {
			c.add("plugin.json: %s", what)
		}
	}
	for _, link := range m.Info.Links {
		if link.Name == "" || !secure(link.URL) {
			c.add("plugin.json: the link %q (%s) has no name or is not https", link.Name, link.URL)
		}
	}
	c.image(m.Info.Logos.Small)
	c.image(m.Info.Logos.Large)
	for _, s := range m.Info.Screenshots {
		c.image(s.Path)
	}
	for _, include := range m.Includes {
		c.named(include.Path)
	}
}

func (c *checker) packageVersion() string {
	var p struct{ Version string }
	content, err := fs.ReadFile(c.source, "package.json")
	if err != nil || json.Unmarshal(content, &p) != nil {
		c.add("package.json of the source cannot be read")
	}
	return p.Version
}

func secure(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// named reads a file that plugin.json names, relative to itself.
func (c *checker) named(name string) []byte {
	if name == "" || strings.HasPrefix(name, ".") || path.IsAbs(name) || path.Clean(name) != name {
		c.add("plugin.json names %q, which is not a path relative to it", name)
		return nil
	}
	return c.read(name)
}
