// Command service runs the double of the service's REST API by hand. It lists the mails
// that are posted to /mails, as JSON.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/nhncloud/nhncloud-email-datasource/internal/servicetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	service := servicetest.Start(servicetest.Options{})
	defer service.Stop()
	fmt.Printf("the API is at %s\n", service.URL())
	<-ctx.Done()
}
