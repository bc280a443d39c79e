package plugintest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestExim: another server, with another TLS library (GnuTLS) and a pipelining
// of its own. It is taken out of its Debian package, which cannot be installed
// beside Postfix's, so its user is given to it by nss_wrapper.
func TestExim(t *testing.T) {
	t.Parallel() // it waits
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	exim := program(t, filepath.Join(cache, "nhncloud-email-datasource", "exim4", "usr", "sbin", "exim4"))
	s := newServer(t)
	var users strings.Builder
	for _, user := range serverUsers() {
		users.WriteString(`"` + user + `": ` + canarySecretKey + "\n")
	}
	s.file(t, "users", users.String())
	for name, line := range map[string]string{"passwd": "Debian-exim:x:65534:65534::/nonexistent:/usr/sbin/nologin\n", "group": "Debian-exim:x:65534:\n"} {
		system, err := os.ReadFile("/etc/" + name)
		s.must(t, err)
		s.file(t, name, string(system)+line)
	}
	// A copy that is not set-user-ID: the dynamic linker would drop the wrapper.
	binary, err := os.ReadFile(exim)
	s.must(t, err)
	program := s.file(t, "exim4", "")
	s.must(t, os.WriteFile(program, binary, 0o755))
	s.must(t, os.Chmod(program, 0o755))
	conf := s.file(t, "exim.conf", `
exim_user = Debian-exim
exim_group = Debian-exim
exim_path = $DIR/exim4
deliver_drop_privilege = true
keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
primary_hostname = $HOST
spool_directory = $DIR/spool
log_file_path = $DIR/%s.log
pid_file_path = $DIR/pid
local_interfaces = <; [$ADDRESS]:$STARTTLS ; [$ADDRESS]:$WRAPPER
tls_on_connect_ports = $WRAPPER
tls_advertise_hosts = *
tls_certificate = $DIR/cert.pem
tls_privatekey = $DIR/key.pem
auth_advertise_hosts = *
smtp_banner = $HOST SMTP Server (NHN Cloud Email SMTP) ready
smtp_accept_max = 200
smtp_accept_queue_per_connection = 1000
host_lookup =
received_header_text = Received: from $sender_helo_name by $primary_hostname with $received_protocol (Authenticated sender: $authenticated_id) id $message_exim_id; $tod_full
rfc1413_query_timeout = 0s
acl_smtp_rcpt = rcpt
never_users =
begin acl
rcpt:
  deny recipients = gone@example.com
  accept authenticated = *
         encrypted = *
  deny
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if eq{$auth3}{${lookup{$auth2}lsearch{$DIR/users}{$value}fail}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if eq{$auth2}{${lookup{$auth1}lsearch{$DIR/users}{$value}fail}}}
  server_set_id = $auth1
begin routers
all:
  driver = accept
  transport = inbox
begin transports
inbox:
  driver = appendfile
  directory = $DIR/mail/inbox
  maildir_format
  user = Debian-exim
  group = Debian-exim
begin retry
* * F,1h,1s
`)
	for _, folder := range []string{"spool", "mail"} {
		s.must(t, os.Mkdir(filepath.Join(s.folder, folder), 0o755))
		s.must(t, os.Chown(filepath.Join(s.folder, folder), 65534, 65534))
	}
	s.must(t, os.Chown(s.folder, 65534, 65534))
	for _, name := range []string{"exim.conf", "key.pem"} {
		s.must(t, os.Chmod(filepath.Join(s.folder, name), 0o644))
	}
	cmd := exec.Command(program, "-C", conf, "-bdf")
	cmd.Env = append(os.Environ(), "LD_PRELOAD=libnss_wrapper.so",
		"NSS_WRAPPER_PASSWD="+filepath.Join(s.folder, "passwd"), "NSS_WRAPPER_GROUP="+filepath.Join(s.folder, "group"))
	s.run(t, cmd)
	s.listens(t)
	s.takesMail(t)
}
