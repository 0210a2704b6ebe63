// Package tracer lets the user's own tracing see every call.
package tracer

import (
	"sync"

	"github.com/alibaba/schedulerx-worker-go/processor"
	"github.com/alibaba/schedulerx-worker-go/processor/jobcontext"
)

// Tracer is called around Process, PostProcess and Reduce.
type Tracer interface {
	Start(ctx *jobcontext.JobContext) *jobcontext.JobContext
	End(ctx *jobcontext.JobContext, ret *processor.ProcessResult) *processor.ProcessResult
}

var (
	once   sync.Once
	tracer Tracer
)

// InitTracer keeps the tracer; the first one counts.
func InitTracer(t Tracer) { once.Do(func() { tracer = t }) }

// GetTracer gives it, or nil.
func GetTracer() Tracer { return tracer }

// GetTracerOrDefault gives it, or Default.
func GetTracerOrDefault() Tracer {
	if tracer != nil {
		return tracer
	}
	return Default()
}

type nothing struct{}

// Default gives a tracer that does nothing: the standard library has none.
func Default() Tracer { return nothing{} }

func (nothing) Start(ctx *jobcontext.JobContext) *jobcontext.JobContext { return ctx }

func (nothing) End(_ *jobcontext.JobContext, ret *processor.ProcessResult) *processor.ProcessResult {
	return ret
}
