package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/alibaba/schedulerx-worker-go/processor"
	"github.com/alibaba/schedulerx-worker-go/processor/jobcontext"
	"github.com/alibaba/schedulerx-worker-go/processor/mapjob"
	"github.com/alibaba/schedulerx-worker-go/processor/taskstatus"
)

var (
	_ processor.Processor             = &HelloWorld{}
	_ processor.BroadcastProcessor    = Broadcast{}
	_ processor.MapReduceJobProcessor = &Orders{}
	_ context.Context                 = &jobcontext.JobContext{}
)

// HelloWorld stops by its Kill method, a flag.
type HelloWorld struct{ stop atomic.Bool }

func (h *HelloWorld) Process(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) {
	fmt.Println("[Process] Start process my task: Hello world!")
	for i := 0; i < 3000 && ctx.JobParameters() == "loop"; i++ {
		time.Sleep(10 * time.Millisecond)
		if h.stop.Load() {
			return processor.NewProcessResult(processor.WithFailed(), processor.WithResult("stopped by flag")), nil
		}
	}
	ret := new(processor.ProcessResult)
	ret.SetSucceed()
	ret.SetResult("hello " + ctx.JobParameters())
	return ret, nil
}

func (h *HelloWorld) Kill(ctx *jobcontext.JobContext) error {
	h.stop.Store(true)
	return nil
}

// Ctx only looks at its context.
type Ctx struct{}

func (Ctx) Process(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) {
	fmt.Println("ready")
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(time.Minute):
		return processor.NewProcessResult(processor.WithSucceed()), nil
	}
}

// Broadcast uses the contexts that the original leaves nil.
type Broadcast struct{}

func (Broadcast) Process(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) {
	text := strconv.FormatInt(ctx.ShardingId()*10, 10)
	return processor.NewProcessResult(processor.WithSucceed(), processor.WithResult(text)), nil
}

func (Broadcast) PreProcess(ctx *jobcontext.JobContext) error { return ctx.Err() }

func (Broadcast) PostProcess(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) {
	return sum(ctx)
}

type order struct {
	Id    int `json:"id"`
	Value int `json:"value"`
}

// Orders maps, and reduces.
type Orders struct{ *mapjob.MapReduceJobProcessor }

func (o *Orders) Process(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) {
	if o.IsRootTask(ctx) {
		n, err := strconv.Atoi(ctx.JobParameters())
		if err != nil {
			return nil, err
		}
		var items []interface{}
		for i := 1; i <= n; i++ {
			items = append(items, order{i, i})
		}
		return o.Map(ctx, items, "order")
	}
	var x order
	if err := json.Unmarshal(ctx.Task(), &x); err != nil {
		return nil, err
	}
	return processor.NewProcessResult(processor.WithSucceed(), processor.WithResult(strconv.Itoa(x.Value))), nil
}

func (o *Orders) Reduce(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) {
	return sum(ctx)
}

func (o *Orders) Kill(ctx *jobcontext.JobContext) error {
	//TODO implement me
	panic("implement me")
}

func sum(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n := 0
	for id, text := range ctx.TaskResults() {
		if ctx.TaskStatuses()[id] == taskstatus.TaskStatusSucceed {
			v, _ := strconv.Atoi(text)
			n += v
		}
	}
	return processor.NewProcessResult(processor.WithSucceed(), processor.WithResult(strconv.Itoa(n))), nil
}

// Panics does.
type Panics struct{}

func (Panics) Process(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) { panic("oh no") }

// Nil returns nothing.
type Nil struct{}

func (Nil) Process(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) { return nil, nil }

// Getters shows what it is told.
type Getters struct{}

func (Getters) Process(ctx *jobcontext.JobContext) (*processor.ProcessResult, error) {
	up := ""
	for _, u := range ctx.UpstreamData() {
		up += u.GetJobName() + "=" + u.Data + ";"
	}
	told := []interface{}{
		ctx.JobId(), ctx.JobInstanceId(), ctx.WfInstanceId(), ctx.TaskId(), ctx.JobName(),
		ctx.ScheduleTime().UnixMilli(), ctx.DataTime().UnixMilli(), ctx.ExecuteMode(), ctx.JobType(), ctx.TaskName(),
		string(ctx.Task()), ctx.GroupId(), ctx.Content(), ctx.User(), ctx.MaxAttempt(), ctx.Attempt(),
		ctx.JobParameters(), ctx.InstanceParameters(), up, len(ctx.TaskResults()), len(ctx.TaskStatuses()),
		ctx.TaskMaxAttempt(), ctx.TaskAttempt(), ctx.TaskAttemptInterval(), ctx.SerialNum(), ctx.ShardingId(),
		ctx.ShardingParameter(), ctx.ShardingNum(), ctx.AllWorkerAddrs(), ctx.WorkerAddr(), ctx.TimeType(),
		ctx.TimeExpression(), ctx.TriggerType(), ctx.InstanceMasterActorPath(), ctx.Err() == nil,
	}
	text, err := json.Marshal(told)
	if err != nil {
		return nil, err
	}
	return processor.NewProcessResult(processor.WithSucceed(), processor.WithResult(string(text))), nil
}

// Tracer counts what it sees.
type Tracer struct{ seen atomic.Int64 }

func (t *Tracer) Start(ctx *jobcontext.JobContext) *jobcontext.JobContext {
	t.seen.Add(1)
	return ctx
}

func (t *Tracer) End(ctx *jobcontext.JobContext, ret *processor.ProcessResult) *processor.ProcessResult {
	fmt.Println("traced", t.seen.Load())
	return ret
}
