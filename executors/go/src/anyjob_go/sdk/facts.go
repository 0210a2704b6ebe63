package anyjob

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// facts are those of a start message. What is null there stays empty.
type facts struct {
	Job                 string          `json:"job"`
	JobType             string          `json:"job_type"`
	JobID               int64           `json:"job_id"`
	Group               string          `json:"group"`
	Namespace           string          `json:"namespace"`
	ExecuteMode         string          `json:"execute_mode"`
	TimeType            int             `json:"time_type"`
	TimeExpression      string          `json:"time_expression"`
	MaxAttempt          int             `json:"max_attempt"`
	TaskMaxAttempt      int             `json:"task_max_attempt"`
	TaskAttemptInterval int             `json:"task_attempt_interval"`
	Content             string          `json:"content"`
	Instance            int64           `json:"instance"`
	Task                int64           `json:"task"`
	TaskName            string          `json:"task_name"`
	Attempt             int             `json:"attempt"`
	Fence               int64           `json:"fence"`
	Key                 string          `json:"key"`
	Phase               Phase           `json:"phase"`
	Parameters          string          `json:"parameters"`
	InstanceParameters  string          `json:"instance_parameters"`
	Shard               *Shard          `json:"shard"`
	Payload             json.RawMessage `json:"payload"`
	Upstream            json.RawMessage `json:"upstream"`
	ScheduleTime        int64           `json:"schedule_time"`
	DataTime            int64           `json:"data_time"`
	Trigger             int             `json:"trigger"`
	Deadline            *int64          `json:"deadline"`
	Grace               float64         `json:"grace"`
	Saved               json.RawMessage `json:"saved"`
	Results             []TaskResult    `json:"results"`
}

// request is the `spec` of a start message for this type.
type request struct {
	JobName    string `json:"jobName"`
	StopSignal string `json:"stopSignal"`
}

// newRun reads a start message. Whoever calls it sets the teller and the context.
func newRun(id string, said, asked json.RawMessage) (*Run, error) {
	var f facts
	if err := json.Unmarshal(said, &f); err != nil {
		return nil, fmt.Errorf("the facts of the run cannot be read: %w", err)
	}
	var q request
	if err := json.Unmarshal(asked, &q); err != nil {
		return nil, fmt.Errorf("the spec of the run cannot be read: %w", err)
	}
	run := &Run{
		ID: id, Key: f.Key, Name: q.JobName, Job: f.Job, JobType: f.JobType, JobID: f.JobID, Group: f.Group,
		Namespace: f.Namespace, ExecuteMode: f.ExecuteMode, TimeType: f.TimeType, TimeExpression: f.TimeExpression,
		MaxAttempt: f.MaxAttempt, TaskMaxAttempt: f.TaskMaxAttempt, TaskAttemptInterval: f.TaskAttemptInterval,
		Content: f.Content, Instance: f.Instance, Task: f.Task, TaskName: f.TaskName, Attempt: f.Attempt,
		Fence: f.Fence, Phase: f.Phase, Parameters: f.Parameters, InstanceParameters: f.InstanceParameters,
		Shard: f.Shard, Payload: given(f.Payload), Upstream: given(f.Upstream),
		ScheduleTime: time.UnixMilli(f.ScheduleTime), DataTime: time.UnixMilli(f.DataTime), Trigger: f.Trigger,
		Grace: time.Duration(f.Grace * float64(time.Second)), Saved: given(f.Saved), results: f.Results,
		stopSignal: q.StopSignal,
	}
	if run.Phase == "" {
		run.Phase = PhaseProcess
	}
	if f.Deadline != nil {
		run.Deadline = time.UnixMilli(*f.Deadline)
	}
	return run, nil
}

// given is nil for a JSON null.
func given(text json.RawMessage) json.RawMessage {
	if string(text) == "null" {
		return nil
	}
	return text
}

// bind gives the run its voice and its context.
func (r *Run) bind(teller teller) context.CancelCauseFunc {
	r.teller, r.Log = teller, &Log{teller}
	ctx, cancel := context.WithCancelCause(context.WithValue(context.Background(), runKey{}, r))
	r.ctx = ctx
	if r.Deadline.IsZero() {
		return cancel
	}
	bounded, release := context.WithDeadline(ctx, r.Deadline)
	r.ctx = bounded
	return func(cause error) {
		cancel(cause)
		release()
	}
}
