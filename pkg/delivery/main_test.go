package delivery

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Shutdown()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
