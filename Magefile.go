//go:build mage

// The project's commands: go tool mage -l lists them.
package main

import (
	// mage:import
	"github.com/nhncloud/nhncloud-email-datasource/pkg/build"
)

// Default is what go tool mage does without a name.
var Default = build.Build
