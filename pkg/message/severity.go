package message

import "github.com/nhncloud/nhncloud-email-datasource/pkg/alert"

// priorityOf is how a mail about a severity asks to be noticed.
func priorityOf(severity string) Priority {
	return []Priority{High, Normal, Low}[alert.SeverityRank(severity)]
}

// rank orders alerts: the most severe first.
func (p Priority) rank() int {
	switch p {
	case High:
		return 0
	case Low:
		return 2
	}
	return 1
}
