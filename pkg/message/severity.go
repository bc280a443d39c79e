package message

import (
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// severityOf is what the labels say of an alert's weight, in their own word.
func severityOf(labels alert.KV) string {
	for _, name := range severityLabels {
		if s := labels[name]; s != "" {
			return s
		}
	}
	return ""
}

var severityLabels = []string{"severity", "priority"}

// priorityOf ranks the words in use for a severity.
func priorityOf(severity string) Priority {
	switch strings.ToLower(severity) {
	case "critical", "crit", "fatal", "emergency", "emerg", "disaster", "page", "high", "p0", "p1", "sev0", "sev1", "1":
		return High
	case "info", "information", "informational", "notice", "low", "debug", "none", "p4", "p5", "sev4", "sev5":
		return Low
	}
	return Normal
}

// rank orders alerts: the gravest first.
func (p Priority) rank() int {
	switch p {
	case High:
		return 0
	case Low:
		return 2
	}
	return 1
}
