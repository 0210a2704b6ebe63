// Package taskstatus has the states of tasks.
package taskstatus

// TaskStatus is the state of one task, by the numbers of the API.
type TaskStatus int32

// The states.
const (
	TaskStatusUnknown TaskStatus = 0
	TaskStatusInit    TaskStatus = 1
	TaskStatusPulled  TaskStatus = 2
	TaskStatusRunning TaskStatus = 3
	TaskStatusSucceed TaskStatus = 4
	TaskStatusFailed  TaskStatus = 5
)

var words = [...]string{"unknown", "init", "pulled", "running", "success", "failed"}

// Convert2TaskStatus gives the status of a number, and whether it is one.
func Convert2TaskStatus(val int32) (TaskStatus, bool) {
	if val < 0 || int(val) >= len(words) {
		return TaskStatusUnknown, false
	}
	return TaskStatus(val), true
}

// Descriptor gives the word for people.
func (s TaskStatus) Descriptor() string {
	if _, known := Convert2TaskStatus(int32(s)); !known {
		return ""
	}
	return words[s]
}

// IsFinished says whether nothing more comes.
func (s TaskStatus) IsFinished() bool { return s == TaskStatusSucceed || s == TaskStatusFailed }
