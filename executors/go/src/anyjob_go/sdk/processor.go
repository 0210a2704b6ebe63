package anyjob

import (
	"context"
	"time"
)

// Processor is the code of a job. One object serves all runs of its name, several at one time.
//
// A result says whether the run succeeded; one that failed is tried again as the job says. An error is a failure that
// is not tried again, unless Again wraps it. Neither result nor error is a failure, and so is a panic.
//
// ctx is cancelled when the run is to stop, with ErrStopped or ErrEnding as its cause, and has the run's deadline.
type Processor interface {
	Process(ctx context.Context, run *Run) (*Result, error)
}

// Func is a Processor that needs nothing but the function.
type Func func(ctx context.Context, run *Run) (*Result, error)

// Process calls the function.
func (f Func) Process(ctx context.Context, run *Run) (*Result, error) { return f(ctx, run) }

// Killer is called when the run is to stop, beside the cancelled context: for code that watches a flag of its own. It
// runs beside Process.
type Killer interface {
	Kill(ctx context.Context, run *Run) error
}

// PreProcessor is called once before the tasks of a broadcast.
type PreProcessor interface {
	PreProcess(ctx context.Context, run *Run) error
}

// PostProcessor is called once after all tasks of a broadcast; run.Results has theirs.
type PostProcessor interface {
	PostProcess(ctx context.Context, run *Run) (*Result, error)
}

// Reducer is called once after all tasks of a map; run.Results has theirs.
type Reducer interface {
	Reduce(ctx context.Context, run *Run) (*Result, error)
}

// ReduceDecider says whether Reduce is called although a task has failed; without it, it is.
type ReduceDecider interface {
	RunReduceIfFail(ctx context.Context, run *Run) bool
}

// Result is how a run ended, by the word of its code.
type Result struct {
	// OK: it succeeded.
	OK bool
	// Text is what people read first.
	Text string
	// Outputs are the results in structured form: what encoding/json can write.
	Outputs map[string]any
}

// Succeed is the result of a run that did what it should.
func Succeed(text string) *Result { return &Result{OK: true, Text: text} }

// Fail is the result of a run that did not, and may be tried again.
func Fail(text string) *Result { return &Result{Text: text} }

// With adds an output.
func (r *Result) With(name string, value any) *Result {
	if r.Outputs == nil {
		r.Outputs = map[string]any{}
	}
	r.Outputs[name] = value
	return r
}

// Again wraps an error of Process: the run failed, and may be tried again, as the job says. With after, not before so
// much time has passed.
func Again(err error, after ...time.Duration) error {
	again := &againError{error: err}
	if len(after) > 0 {
		again.after = &after[0]
	}
	return again
}

type againError struct {
	error
	after *time.Duration
}

func (e *againError) Unwrap() error { return e.error }
