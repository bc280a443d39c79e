package alert

import "github.com/nhncloud/nhncloud-email-datasource/pkg/failure"

// refuse is why a request was not accepted, and what its sender can do about it. A
// status of 0 is that of the code.
func refuse(code failure.Code, status int, message string, hint failure.Hint) error {
	refusal := failure.New(code, message, hint)
	refusal.Status = status
	return refusal
}
