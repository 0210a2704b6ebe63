package processor

// InstanceStatus is the state of a job instance, by the numbers of the API.
type InstanceStatus int32

// The states.
const (
	InstanceStatusUnknown       InstanceStatus = 0
	InstanceStatusWaiting       InstanceStatus = 1
	InstanceStatusReady         InstanceStatus = 2
	InstanceStatusRunning       InstanceStatus = 3
	InstanceStatusSucceed       InstanceStatus = 4
	InstanceStatusFailed        InstanceStatus = 5
	InstanceStatusKilled        InstanceStatus = 6
	InstanceStatusPaused        InstanceStatus = 7
	InstanceStatusSubmitted     InstanceStatus = 8
	InstanceStatusRejected      InstanceStatus = 9
	InstanceStatusAccepted      InstanceStatus = 10
	InstanceStatusPartialFailed InstanceStatus = 11
	InstanceStatusSkipped       InstanceStatus = 12
	InstanceStatusRemoved       InstanceStatus = 99
)

var statusWords = map[InstanceStatus]string{
	InstanceStatusUnknown: "unknown", InstanceStatusWaiting: "waiting", InstanceStatusReady: "ready",
	InstanceStatusRunning: "running", InstanceStatusSucceed: "success", InstanceStatusFailed: "failed",
	InstanceStatusKilled: "killed", InstanceStatusPaused: "paused", InstanceStatusSubmitted: "submitted",
	InstanceStatusRejected: "rejected", InstanceStatusAccepted: "accepted",
	InstanceStatusPartialFailed: "partial_failed", InstanceStatusSkipped: "skipped", InstanceStatusRemoved: "removed",
}

// Descriptor gives the word for people.
func (s InstanceStatus) Descriptor() string { return statusWords[s] }

// EnDescriptor gives the English word.
func (s InstanceStatus) EnDescriptor() string { return statusWords[s] }

// IsFinished says whether nothing more comes.
func (s InstanceStatus) IsFinished() bool {
	switch s {
	case InstanceStatusSucceed, InstanceStatusFailed, InstanceStatusSkipped, InstanceStatusRemoved:
		return true
	}
	return false
}
