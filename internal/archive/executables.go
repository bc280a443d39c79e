package archive

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"slices"
	"strings"
)

// executables checks that each is what its name says, needs no C library and
// is no debug build.
func (c *checker) executables(targets []Target) {
	if !slices.Contains(targets, Targets()[0]) {
		c.add("the catalog insists on %s", Targets()[0].File())
	}
	for _, t := range targets {
		content := c.read(t.File())
		if len(content) == 0 {
			continue // already told
		}
		info, err := buildinfo.Read(bytes.NewReader(content))
		if err != nil {
			c.add("%s: %v", t.File(), err)
			continue
		}
		built := map[string]string{}
		for _, s := range info.Settings {
			built[s.Key] = s.Value
		}
		for key, want := range map[string]string{"GOOS": t.OS, "GOARCH": t.Arch, "CGO_ENABLED": "0", "-trimpath": "true", "-gcflags": "", "-race": ""} {
			if built[key] != want {
				c.add("%s was built with %s=%s, not %q", t.File(), key, built[key], want)
			}
		}
		debug, err := hasDebugInformation(content)
		if err != nil || debug {
			c.add("%s holds debug information, or cannot be read (%v)", t.File(), err)
		}
	}
}

func hasDebugInformation(executable []byte) (bool, error) {
	r := bytes.NewReader(executable)
	var sections []string
	if f, err := elf.NewFile(r); err == nil {
		for _, s := range f.Sections {
			sections = append(sections, s.Name)
		}
	} else if f, err := macho.NewFile(r); err == nil {
		for _, s := range f.Sections {
			sections = append(sections, s.Name)
		}
	} else if f, err := pe.NewFile(r); err == nil {
		for _, s := range f.Sections {
			sections = append(sections, s.Name)
		}
	} else {
		return false, errors.New("neither ELF, Mach-O nor PE")
	}
	return slices.ContainsFunc(sections, func(name string) bool { return strings.Contains(name, "debug_info") }), nil
}
