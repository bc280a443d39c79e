package commands

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/magefile/mage/sh"
)

// Servers installs what the tests run beside the plugin: PostgreSQL, Postfix,
// Dovecot, Exim and OpenSSL, from Debian's packages. None of them is started.
func Servers() error {
	if err := postgres(); err != nil {
		return err
	}
	for name, program := range map[string]string{"postfix": "postfix", "dovecot-core": "dovecot", "openssl": "openssl"} {
		if err := debian(name, func() bool { return installed(program) }); err != nil {
			return err
		}
	}
	return exim()
}

func installed(program string) bool {
	for _, path := range []string{program, "/usr/sbin/" + program} {
		if _, err := exec.LookPath(path); err == nil {
			return true
		}
	}
	return false
}

// exim unpacks Exim into the cache: its package and Postfix's exclude each
// other. The libraries it needs are installed, and nss_wrapper, which gives it
// the user that its package would have made.
func exim() error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	folder := filepath.Join(cache, "nhncloud-email-datasource", "exim4")
	if installed(filepath.Join(folder, "usr", "sbin", "exim4")) {
		return nil
	}
	if err := debian("libnss-wrapper", func() bool {
		found, _ := filepath.Glob("/usr/lib/*/libnss_wrapper.so")
		return len(found) > 0
	}); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "nhncloud-email-exim-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it is in the temporary folder
	download := exec.Command("apt-get", "download", "-q", "exim4-daemon-light")
	download.Dir, download.Stdout, download.Stderr = scratch, os.Stdout, os.Stderr
	if err := download.Run(); err != nil {
		return err
	}
	found, _ := filepath.Glob(filepath.Join(scratch, "*.deb"))
	if len(found) != 1 {
		return fmt.Errorf("apt-get left %d packages of Exim, not one", len(found))
	}
	depends, err := sh.Output("dpkg-deb", "-f", found[0], "Depends")
	if err != nil {
		return err
	}
	var libraries []string
	for one := range strings.SplitSeq(depends, ",") {
		if name, _, _ := strings.Cut(strings.TrimSpace(one), " "); strings.HasPrefix(name, "lib") {
			libraries = append(libraries, name)
		}
	}
	if err := install(libraries...); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { // dpkg-deb makes no parents
		return err
	}
	return sh.Run("dpkg-deb", "-x", found[0], folder)
}

// postgres makes sure that the tests find PostgreSQL's own binaries.
func postgres() error {
	return debian("postgresql", func() bool {
		if _, err := exec.LookPath("initdb"); err == nil {
			return true
		}
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
		return len(found) > 0
	})
}

// chromium makes sure that the tests find a browser.
func chromium() error {
	return debian("chromium", func() bool {
		_, err := exec.LookPath("chromium")
		return err == nil
	})
}

// debian installs a Debian package where it is missing and may be installed.
func debian(name string, present func() bool) error {
	if present() {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Getuid() != 0 {
		return fmt.Errorf("the tests need %s: install it (Debian, Ubuntu: sudo apt-get install %s) and run this again", name, name)
	}
	if err := errors.Join(sh.RunV(apt, "update", "-q"), install(name)); err != nil {
		return err
	}
	if !present() {
		return fmt.Errorf("apt-get installed %s, but its programs are not where they are looked for", name)
	}
	return nil
}

// install installs Debian packages, and removes none to do so.
func install(names ...string) error {
	env := map[string]string{"DEBIAN_FRONTEND": "noninteractive"}
	return sh.RunWithV(env, "apt-get", append([]string{"install", "-qy", "--no-install-recommends", "--no-remove"}, names...)...)
}
