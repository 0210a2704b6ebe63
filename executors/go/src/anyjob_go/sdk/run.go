package anyjob

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Phase is the part of an instance that a run does.
type Phase string

// PhasePre and PhasePost frame a broadcast, PhaseReduce ends a map.
const (
	PhaseProcess Phase = "PROCESS"
	PhasePre     Phase = "PRE"
	PhasePost    Phase = "POST"
	PhaseReduce  Phase = "REDUCE"
)

// ErrStopped is the cause of a context whose run somebody stopped, or whose deadline the worker saw pass.
var ErrStopped = errors.New("the run was asked to stop")

// ErrEnding is the cause of a context whose program is told to end.
var ErrEnding = errors.New("the program is told to end")

// Run is one start of one attempt of a task. Its methods may be called from any goroutine.
type Run struct {
	// ID is unique to this start; no other start of anything has it.
	ID string
	// Key is the same for each start of this attempt: for a remote side that must do a thing once.
	Key string
	// Name is the registered name that is called.
	Name string

	// Job is the job's name; its other fields are as CreateJob has them.
	Job                 string
	JobType             string
	JobID               int64
	Group               string
	Namespace           string
	ExecuteMode         string
	TimeType            int
	TimeExpression      string
	MaxAttempt          int
	TaskMaxAttempt      int
	TaskAttemptInterval int
	Content             string

	Instance int64
	Task     int64
	TaskName string
	// Attempt is the count of tries, 0 for the first.
	Attempt int
	// Fence rises with each start of the task.
	Fence int64
	Phase Phase

	Parameters string
	// InstanceParameters are what whoever fired this instance gave it.
	InstanceParameters string
	// Shard is nil in other modes than sharding and broadcast.
	Shard *Shard
	// Payload is what a map put into this task: JSON, nil for other tasks.
	Payload json.RawMessage
	// Upstream holds the results of the jobs that ran before: JSON, nil where there are none.
	Upstream json.RawMessage

	ScheduleTime time.Time
	DataTime     time.Time
	// Trigger is the number of what fired the instance.
	Trigger int
	// Deadline is zero for a run that may take as long as it likes.
	Deadline time.Time
	// Grace is the time between the stop and the end of all patience.
	Grace time.Duration
	// Saved is what Checkpoint last held, by this start or, where a run may begin twice, an earlier one: JSON or nil.
	Saved json.RawMessage

	// Log is the run's log: an io.Writer. What is printed to os.Stdout goes there too only where the process is the
	// run's own.
	Log *Log

	ctx        context.Context
	teller     teller
	results    []TaskResult
	stopSignal string
	maps       atomic.Int64
}

// Shard is one part of a sharding instance.
type Shard struct {
	ID        int64  `json:"id"`
	Parameter string `json:"parameter"`
	Total     int    `json:"total"`
}

// TaskResult is what one task of the instance said at its end.
type TaskResult struct {
	Task   int64  `json:"task"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Result string `json:"result"`
}

// OK says whether the task succeeded.
func (r TaskResult) OK() bool { return r.Status == "success" }

// teller is how a run speaks to its worker.
type teller interface {
	write(data []byte) (int, error)
	progress(done, total int64) error
	mapItems(ctx context.Context, items []json.RawMessage, name, key string) error
	checkpoint(ctx context.Context, data json.RawMessage) error
	secret(name string) (string, error)
	results() ([]TaskResult, error)
}

type runKey struct{}

// FromContext gives the run whose context it is, or nil.
func FromContext(ctx context.Context) *Run {
	run, _ := ctx.Value(runKey{}).(*Run)
	return run
}

// Progress says that done of total is done. It is shown while the run goes on; call it as often as you like.
func (r *Run) Progress(done, total int64) error {
	if done < 0 || total < 0 {
		return fmt.Errorf("progress %d of %d: both are numbers from 0", done, total)
	}
	return r.teller.progress(done, total)
}

// pageItems and pageBytes bound one message of a map.
const (
	pageItems = 1000
	pageBytes = 1 << 20
)

// Map adds a task for each element of items, a slice that encoding/json can write. Repeating a key within the run does
// nothing, so a run that is started again may map again; without a key the calls are numbered. It returns when the
// tasks are kept, or with an error when they are refused or the run is stopped meanwhile.
func (r *Run) Map(items any, name, key string) error {
	text, err := json.Marshal(items)
	if err != nil {
		return fmt.Errorf("map %q: %w", name, err)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("map %q: %T is no slice; give one element for each task", name, items)
	}
	number := r.maps.Add(1)
	if key == "" {
		key = fmt.Sprintf("map-%d", number)
	}
	for page := 0; len(list) > 0; page++ {
		count, size := 0, 0
		for count < len(list) && count < pageItems && (count == 0 || size+len(list[count]) <= pageBytes) {
			size += len(list[count])
			count++
		}
		pageKey := key
		if page > 0 {
			pageKey = fmt.Sprintf("%s/%d", key, page)
		}
		if err := r.teller.mapItems(r.ctx, list[:count], name, pageKey); err != nil {
			return fmt.Errorf("map %q: %w", name, err)
		}
		list = list[count:]
	}
	return nil
}

const checkpointBytes = 4096

// Checkpoint keeps data, at most 4 KB of JSON, for whoever has to judge the run later: for what must be known before a
// side effect. It is durable when this returns nil.
func (r *Run) Checkpoint(data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if len(text) > checkpointBytes {
		return fmt.Errorf("checkpoint: %d bytes of JSON, and at most %d are kept", len(text), checkpointBytes)
	}
	if err := r.teller.checkpoint(r.ctx, text); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// Secret gives the value of a secret that the job lists under XAttrs.secrets.
func (r *Run) Secret(name string) (string, error) { return r.teller.secret(name) }

// Results are those of the instance's tasks, for PostProcess and Reduce.
func (r *Run) Results() ([]TaskResult, error) {
	if r.results != nil {
		return r.results, nil
	}
	return r.teller.results()
}

// Log writes to the log of one run.
type Log struct{ teller teller }

// Write appends bytes as they are.
func (l *Log) Write(data []byte) (int, error) { return l.teller.write(data) }

// Printf appends a line.
func (l *Log) Printf(format string, arguments ...any) {
	line := fmt.Sprintf(format, arguments...)
	if len(line) == 0 || line[len(line)-1] != '\n' {
		line += "\n"
	}
	l.teller.write([]byte(line)) //nolint:errcheck // a log that cannot be written must not fail the run
}
