// Package processor has the interfaces that tasks implement.
package processor

import "github.com/alibaba/schedulerx-worker-go/processor/jobcontext"

// Processor is the code of a job.
type Processor interface {
	Process(ctx *jobcontext.JobContext) (*ProcessResult, error)
}

// KillProcessor is called when a run is to stop; its context is cancelled, too.
type KillProcessor interface {
	Kill(ctx *jobcontext.JobContext) error
}

// BroadcastProcessor has something to do before and after the tasks of a broadcast.
type BroadcastProcessor interface {
	Processor
	PreProcess(ctx *jobcontext.JobContext) error
	PostProcess(ctx *jobcontext.JobContext) (*ProcessResult, error)
}

// MapJobProcessor makes further tasks.
type MapJobProcessor interface {
	Processor
	Map(jobCtx *jobcontext.JobContext, taskList []interface{}, taskName string) (*ProcessResult, error)
	Kill(jobCtx *jobcontext.JobContext) error
}

// MapReduceJobProcessor has something to do after all of them.
type MapReduceJobProcessor interface {
	MapJobProcessor
	Reduce(jobCtx *jobcontext.JobContext) (*ProcessResult, error)
	RunReduceIfFail(jobCtx *jobcontext.JobContext) bool
}
