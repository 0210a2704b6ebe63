package schedulerx

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/alibaba/schedulerx-worker-go/internal/anyjob"
	"github.com/alibaba/schedulerx-worker-go/internal/common"
	"github.com/alibaba/schedulerx-worker-go/processor"
	"github.com/alibaba/schedulerx-worker-go/processor/jobcontext"
	"github.com/alibaba/schedulerx-worker-go/processor/taskstatus"
	"github.com/alibaba/schedulerx-worker-go/tracer"
)

// task is a processor of the public interfaces as one of ours.
type task struct{ processor processor.Processor }

// killable is a task with Kill.
type killable struct {
	task
	killer processor.KillProcessor
}

func adapted(p processor.Processor) anyjob.Processor {
	if killer, ok := p.(processor.KillProcessor); ok {
		return killable{task{p}, killer}
	}
	return task{p}
}

func (t task) Process(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return traced(ctx, run, t.processor.Process)
}

func (k killable) Kill(ctx context.Context, run *anyjob.Run) error {
	return k.killer.Kill(jobContext(ctx, run))
}

func (t task) PreProcess(ctx context.Context, run *anyjob.Run) error {
	if p, ok := t.processor.(processor.BroadcastProcessor); ok {
		return p.PreProcess(jobContext(ctx, run))
	}
	return nil
}

func (t task) PostProcess(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	if p, ok := t.processor.(processor.BroadcastProcessor); ok {
		return traced(ctx, run, p.PostProcess)
	}
	return anyjob.Succeed(""), nil
}

// Reduce may return nothing: that is what the embedded processor does.
func (t task) Reduce(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	p, ok := t.processor.(processor.MapReduceJobProcessor)
	if !ok {
		return anyjob.Succeed(""), nil
	}
	result, err := traced(ctx, run, p.Reduce)
	if errors.Is(err, errNothing) {
		return anyjob.Succeed(""), nil
	}
	return result, err
}

func (t task) RunReduceIfFail(ctx context.Context, run *anyjob.Run) bool {
	p, ok := t.processor.(processor.MapReduceJobProcessor)
	return !ok || p.RunReduceIfFail(jobContext(ctx, run))
}

var errNothing = errors.New("result can't be null")

func traced(
	ctx context.Context, run *anyjob.Run, call func(*jobcontext.JobContext) (*processor.ProcessResult, error),
) (*anyjob.Result, error) {
	job := jobContext(ctx, run)
	tracing := tracer.GetTracer()
	if tracing != nil {
		job = tracing.Start(job)
	}
	result, err := call(job)
	if tracing != nil {
		result = tracing.End(job, result)
	}
	switch {
	case err != nil:
		return nil, err
	case result == nil:
		return nil, errNothing
	}
	return &anyjob.Result{OK: result.Status() == processor.InstanceStatusSucceed, Text: result.Result()}, nil
}

// jobContext fills every value that has a meaning here. Its context is never nil.
func jobContext(ctx context.Context, run *anyjob.Run) *jobcontext.JobContext {
	job := &jobcontext.JobContext{Context: ctx}
	job.SetJobId(run.JobID)
	job.SetJobInstanceId(run.Instance)
	job.SetTaskId(run.Task)
	job.SetJobName(run.Job)
	job.SetScheduleTime(run.ScheduleTime)
	job.SetDataTime(run.DataTime)
	job.SetExecuteMode(run.ExecuteMode)
	job.SetJobType(run.JobType)
	job.SetTaskName(run.TaskName)
	job.SetTask(run.Payload)
	job.SetGroupId(run.Group)
	job.SetContent(run.Content)
	job.SetMaxAttempt(int32(run.MaxAttempt))
	job.SetAttempt(int32(run.Attempt))
	job.SetJobParameters(run.Parameters)
	job.SetInstanceParameters(run.InstanceParameters)
	job.SetTaskMaxAttempt(int32(run.TaskMaxAttempt))
	job.SetTaskAttempt(int32(run.Attempt))
	job.SetTaskAttemptInterval(int32(run.TaskAttemptInterval))
	job.SetTimeType(int32(run.TimeType))
	job.SetTimeExpression(run.TimeExpression)
	job.SetTriggerType(int32(run.Trigger))
	if run.Shard != nil {
		job.SetShardingId(run.Shard.ID)
		job.SetShardingParameter(run.Shard.Parameter)
		job.SetShardingNum(int32(run.Shard.Total))
	}
	job.SetUpstreamData(upstream(run.Upstream))
	results, statuses := map[int64]string{}, map[int64]taskstatus.TaskStatus{}
	if run.Phase == anyjob.PhasePost || run.Phase == anyjob.PhaseReduce {
		told, err := run.Results()
		if err != nil {
			run.Log.Printf("[anyjob] %v", err)
		}
		for _, result := range told {
			results[result.Task], statuses[result.Task] = result.Result, taskstatus.TaskStatusFailed
			if result.OK() {
				statuses[result.Task] = taskstatus.TaskStatusSucceed
			}
		}
	}
	job.SetTaskResults(results)
	job.SetTaskStatuses(statuses)
	return job
}

func upstream(text json.RawMessage) []*common.JobInstanceData {
	var told []struct {
		Job  string `json:"job"`
		Data string `json:"data"`
	}
	if text == nil || json.Unmarshal(text, &told) != nil {
		return nil
	}
	data := make([]*common.JobInstanceData, len(told))
	for at, one := range told {
		data[at] = &common.JobInstanceData{JobName: one.Job, Data: one.Data}
	}
	return data
}
