// Package mapjob has what processors embed that make further tasks.
package mapjob

import (
	"encoding/json"
	"fmt"

	"github.com/alibaba/schedulerx-worker-go/config"
	"github.com/alibaba/schedulerx-worker-go/internal/anyjob"
	"github.com/alibaba/schedulerx-worker-go/processor"
	"github.com/alibaba/schedulerx-worker-go/processor/jobcontext"
	"github.com/alibaba/schedulerx-worker-go/processor/mapjob/bizsubtask"
)

const rootTask = "MAP_TASK_ROOT"

var (
	_ processor.MapJobProcessor       = (*MapJobProcessor)(nil)
	_ processor.MapReduceJobProcessor = (*MapReduceJobProcessor)(nil)
)

// MapJobProcessor is embedded by processors that call Map.
type MapJobProcessor struct {
	processor.Processor
}

// NewMapJobProcessor makes one. It may be called at any time.
func NewMapJobProcessor() *MapJobProcessor { return &MapJobProcessor{} }

// IsRootTask says whether the run is the first task of its instance.
func (m *MapJobProcessor) IsRootTask(jobCtx *jobcontext.JobContext) bool {
	return jobCtx.TaskName() == rootTask
}

// Map makes a task of each element, of at most 64 KB of JSON.
func (m *MapJobProcessor) Map(
	jobCtx *jobcontext.JobContext, taskList []interface{}, taskName string,
) (*processor.ProcessResult, error) {
	if len(taskList) == 0 {
		return failed("task list is empty"), nil
	}
	if jobCtx.Context == nil {
		return nil, fmt.Errorf("Map: the JobContext is none that a run was given")
	}
	run := anyjob.FromContext(jobCtx)
	if run == nil {
		return nil, fmt.Errorf("Map: the context of the JobContext was replaced by one that does not come of the run's")
	}
	most := int(config.GetWorkerConfig().TaskBodySizeMax())
	items := make([]json.RawMessage, len(taskList))
	for at, task := range taskList {
		if err := checkLabels(task); err != nil {
			return nil, err
		}
		body, err := json.Marshal(task)
		if err != nil {
			return nil, fmt.Errorf("json marshal task=%+v failed, err=%w", task, err)
		}
		if len(body) > most {
			return nil, fmt.Errorf("taskBody size more than %dB", most)
		}
		items[at] = body
	}
	if err := run.Map(items, taskName, ""); err != nil {
		return failed(err.Error()), nil
	}
	return processor.NewProcessResult(processor.WithSucceed()), nil
}

// Kill does nothing: the context is cancelled.
func (m *MapJobProcessor) Kill(*jobcontext.JobContext) error { return nil }

func failed(why string) *processor.ProcessResult {
	return processor.NewProcessResult(processor.WithFailed(), processor.WithResult(why))
}

func checkLabels(task interface{}) error {
	labelled, ok := task.(bizsubtask.BizSubTask)
	if !ok {
		return nil
	}
	labels := labelled.LabelMap()
	if len(labels) > 3 {
		return fmt.Errorf("label map size can't beyond 3")
	}
	for key, value := range labels {
		if len(key) > 60 || len(value) > 180 {
			return fmt.Errorf("label map content can't beyond max size(60,180)")
		}
	}
	return nil
}

// MapReduceJobProcessor is embedded by processors that have a Reduce, too.
type MapReduceJobProcessor struct {
	*MapJobProcessor
}

// NewMapReduceJobProcessor makes one. It may be called at any time.
func NewMapReduceJobProcessor() *MapReduceJobProcessor {
	return &MapReduceJobProcessor{NewMapJobProcessor()}
}

// Reduce does nothing, unless it is overridden.
func (m *MapReduceJobProcessor) Reduce(*jobcontext.JobContext) (*processor.ProcessResult, error) {
	return nil, nil
}

// RunReduceIfFail says that Reduce is called although a task has failed.
func (m *MapReduceJobProcessor) RunReduceIfFail(*jobcontext.JobContext) bool { return true }
