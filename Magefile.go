//go:build mage

// The project's commands: go tool mage -l lists them.
package main

import (
	// They are not grafana-plugin-sdk-go/build's, which write the time into what
	// they build: here the same source makes the same bytes.
	//
	// mage:import
	"github.com/nhncloud/nhncloud-email-datasource/pkg/build"
)

// Default is what go tool mage does without a name.
var Default = build.Build
