package delivery

import (
	"os"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
