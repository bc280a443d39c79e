package plugintest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPostfixAndDovecot: Postfix with Dovecot's SASL, as the banner and the
// capabilities in the guide tell that the service has them (PIPELINING,
// ENHANCEDSTATUSCODES, 8BITMIME, and AUTH in both of its forms).
func TestPostfixAndDovecot(t *testing.T) {
	t.Parallel() // it waits
	postfix, dovecot := program(t, "postfix"), program(t, "dovecot")
	s := newServer(t)
	var users strings.Builder
	for _, user := range serverUsers() {
		users.WriteString(user + ":{PLAIN}" + canarySecretKey + "\n")
	}
	s.file(t, "users", users.String())
	dovecotConf := s.file(t, "dovecot.conf", `
base_dir = $DIR/dovecot
state_dir = $DIR/dovecot-state
log_path = $DIR/dovecot.log
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_chars =
auth_username_format = %u
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $DIR/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
service auth {
  unix_listener $DIR/auth {
    mode = 0666
  }
}
`)
	s.file(t, "postfix/main.cf", `
compatibility_level = 3.6
queue_directory = $DIR/queue
data_directory = $DIR/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = $DIR/log
maillog_file_prefixes = $DIR
myhostname = $HOST
mydomain = nhncloudservice.com
mydestination =
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
smtpd_error_sleep_time = 0
smtpd_banner = $myhostname SMTP Server (NHN Cloud Email SMTP) ready
smtpd_discard_ehlo_keywords = silent-discard, size, vrfy, etrn, dsn, chunking, smtputf8
smtpd_tls_security_level = may
smtpd_tls_cert_file = $DIR/cert.pem
smtpd_tls_key_file = $DIR/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $DIR/auth
smtpd_sasl_authenticated_header = yes
broken_sasl_auth_clients = yes
smtpd_forbid_bare_newline = yes
smtpd_forbid_unauth_pipelining = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
strict_rfc821_envelopes = yes
virtual_mailbox_domains = example.com
virtual_mailbox_base = $DIR/mail
virtual_mailbox_maps = inline:{ oncall@example.com=inbox/ }
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
`)
	s.file(t, "postfix/master.cf", `
$ADDRESS:$STARTTLS inet n - n - - smtpd
$ADDRESS:$WRAPPER inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`)
	for _, folder := range []string{"queue", "data", "mail"} {
		s.must(t, os.Mkdir(filepath.Join(s.folder, folder), 0o755))
	}
	s.must(t, os.Chown(filepath.Join(s.folder, "mail"), 65534, 65534))
	s.must(t, exec.Command("chown", "postfix", filepath.Join(s.folder, "data")).Run())

	s.run(t, exec.Command(dovecot, "-F", "-c", dovecotConf))
	await(t, func() bool { _, err := os.Stat(filepath.Join(s.folder, "auth")); return err == nil })
	s.run(t, exec.Command(postfix, "-c", filepath.Join(s.folder, "postfix"), "start-fg"))
	s.listens(t)
	s.takesMail(t)
}

// program finds a server's program, which is not in everybody's PATH.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Fatalf("this test needs %s: go tool mage servers installs it on Debian and Ubuntu", name)
	return ""
}
