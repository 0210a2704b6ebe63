package processor

import "fmt"

// ProcessResult is how a run ended, by the word of its code.
type ProcessResult struct {
	status InstanceStatus
	result string
}

// Option is given to NewProcessResult.
type Option func(*ProcessResult)

// WithResult sets the text.
func WithResult(result string) Option { return func(r *ProcessResult) { r.result = result } }

// WithStatus sets the status.
func WithStatus(status InstanceStatus) Option { return func(r *ProcessResult) { r.status = status } }

// WithSucceed says that it succeeded.
func WithSucceed() Option { return WithStatus(InstanceStatusSucceed) }

// WithFailed says that it failed.
func WithFailed() Option { return WithStatus(InstanceStatusFailed) }

// WithIsSucceed is of earlier versions.
func WithIsSucceed(isSucceed bool) Option {
	if isSucceed {
		return WithSucceed()
	}
	return WithFailed()
}

// NewProcessResult makes a result; without a status it counts as failed.
func NewProcessResult(opts ...Option) *ProcessResult {
	r := &ProcessResult{}
	for _, opt := range opts {
		opt(r)
	}
	return r
}

// Status gives the status.
func (r *ProcessResult) Status() InstanceStatus { return r.status }

// SetStatus changes it.
func (r *ProcessResult) SetStatus(status InstanceStatus) { r.status = status }

// SetSucceed says that it succeeded.
func (r *ProcessResult) SetSucceed() { r.status = InstanceStatusSucceed }

// SetFailed says that it failed.
func (r *ProcessResult) SetFailed() { r.status = InstanceStatusFailed }

// Result gives the text.
func (r *ProcessResult) Result() string { return r.result }

// SetResult changes it.
func (r *ProcessResult) SetResult(result string) { r.result = result }

// GetStatus is of earlier versions.
func (r *ProcessResult) GetStatus() InstanceStatus { return r.status }

// GetResult is of earlier versions.
func (r *ProcessResult) GetResult() string { return r.result }

// String is for people.
func (r *ProcessResult) String() string {
	return fmt.Sprintf("ProcessResult [status=%s, result=%s]", r.status.Descriptor(), r.result)
}
