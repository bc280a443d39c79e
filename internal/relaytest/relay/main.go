// Command relay runs the test relay by hand or in a container: it answers like
// NHN Cloud Email's SMTP service and prints each mail it takes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// parse reads the flags.
func parse(args []string, out io.Writer) (o relaytest.Options, caFile string, err error) {
	flags := flag.NewFlagSet("relay", flag.ContinueOnError)
	flags.SetOutput(out)
	var names string
	flags.StringVar(&o.Address, "address", "127.0.0.1", "the IP `address` to listen on")
	flags.IntVar(&o.STARTTLSPort, "starttls-port", 2587, "the `port` for STARTTLS, 0 for any")
	flags.IntVar(&o.TLSWrapperPort, "tls-wrapper-port", 2465, "the `port` for TLS wrapper, 0 for any")
	flags.StringVar(&names, "names", "", "further `names` and IPs for the certificate, with commas")
	flags.StringVar(&caFile, "ca-file", "relay-ca.pem", "the `file` to write the relay's CA certificate to")
	if err := flags.Parse(args); err != nil {
		return o, "", err
	}
	if flags.NArg() > 0 {
		return o, "", fmt.Errorf("relay: unexpected argument %q: there are flags only, see -help", flags.Arg(0))
	}
	if names != "" {
		o.Names = strings.Split(names, ",")
	}
	return o, caFile, nil
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, caFile, err := parse(args, out)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	mails := make(chan relaytest.Mail)
	o.OnMail = func(m relaytest.Mail) {
		select {
		case mails <- m:
		case <-ctx.Done():
		}
	}
	relay, err := relaytest.Start(o)
	if err != nil {
		return err
	}
	defer func() {
		cancel() // lets go of a mail that nobody will print
		relay.Stop()
	}()
	if err := os.WriteFile(caFile, relay.CA(), 0o644); err != nil {
		return fmt.Errorf("relay: writing the CA certificate: %w", err)
	}
	if _, err := fmt.Fprintf(out, "STARTTLS on %s:%d, TLS wrapper on %s:%d, certificate for %s, CA in %s\n",
		relay.Host(), relay.STARTTLSPort(), relay.Host(), relay.TLSWrapperPort(), relay.ServerName(), caFile); err != nil {
		return err
	}
	for {
		select {
		case m := <-mails:
			if err := show(out, m); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}
