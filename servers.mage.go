//go:build mage

package main

import (
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
	return sh.Run("dpkg-deb", "-x", found[0], folder)
}
