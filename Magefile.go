//go:build mage

// The project's commands: go tool mage -l lists them.
package main

import (
	// mage:import sdk
	sdk "github.com/grafana/grafana-plugin-sdk-go/build"

	// mage:import
	"github.com/nhncloud/nhncloud-email-datasource/internal/commands"
)

// Default is what go tool mage does without a name.
var Default = commands.Build

func init() {
	if err := sdk.SetBeforeBuildCallback(commands.Reproduce); err != nil {
		panic(err)
	}
}
