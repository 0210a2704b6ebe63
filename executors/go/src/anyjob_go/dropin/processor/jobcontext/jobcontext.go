// Package jobcontext has what a processor knows of its run.
package jobcontext

import (
	"context"
	"time"

	"github.com/alibaba/schedulerx-worker-go/internal/common"
	"github.com/alibaba/schedulerx-worker-go/processor/taskstatus"
)

var _ context.Context = (*JobContext)(nil)

// JobContext is given to every method of a processor. Its Context is cancelled when the run is to stop.
type JobContext struct {
	context.Context

	upstreamData            []*common.JobInstanceData
	jobId                   int64
	jobInstanceId           int64
	wfInstanceId            int64
	taskId                  int64
	jobName                 string
	scheduleTime            time.Time
	dataTime                time.Time
	executeMode             string
	jobType                 string
	instanceMasterActorPath string
	taskName                string
	task                    []byte
	groupId                 string
	content                 string
	user                    string
	maxAttempt              int32
	attempt                 int32
	jobParameters           string
	instanceParameters      string
	taskResults             map[int64]string
	taskStatuses            map[int64]taskstatus.TaskStatus
	taskMaxAttempt          int32
	taskAttempt             int32
	taskAttemptInterval     int32
	serialNum               int64
	shardingId              int64
	shardingParameter       string
	shardingNum             int32
	allWorkerAddrs          []string
	workerAddr              string
	timeType                int32
	timeExpression          string
	triggerType             int32
}

// UpstreamData gives the results of the jobs that ran before this one.
func (j *JobContext) UpstreamData() []*common.JobInstanceData { return j.upstreamData }

// SetUpstreamData changes them.
func (j *JobContext) SetUpstreamData(upstreamData []*common.JobInstanceData) {
	j.upstreamData = upstreamData
}

// JobId: the job.
func (j *JobContext) JobId() int64 { return j.jobId }

// SetJobId changes it.
func (j *JobContext) SetJobId(value int64) { j.jobId = value }

// JobInstanceId: the instance.
func (j *JobContext) JobInstanceId() int64 { return j.jobInstanceId }

// SetJobInstanceId changes it.
func (j *JobContext) SetJobInstanceId(value int64) { j.jobInstanceId = value }

// WfInstanceId: the workflow's instance; 0 where there is none.
func (j *JobContext) WfInstanceId() int64 { return j.wfInstanceId }

// SetWfInstanceId changes it.
func (j *JobContext) SetWfInstanceId(value int64) { j.wfInstanceId = value }

// TaskId: the task; 0 for the first.
func (j *JobContext) TaskId() int64 { return j.taskId }

// SetTaskId changes it.
func (j *JobContext) SetTaskId(value int64) { j.taskId = value }

// JobName: the job's name.
func (j *JobContext) JobName() string { return j.jobName }

// SetJobName changes it.
func (j *JobContext) SetJobName(value string) { j.jobName = value }

// ScheduleTime: when it was to run.
func (j *JobContext) ScheduleTime() time.Time { return j.scheduleTime }

// SetScheduleTime changes it.
func (j *JobContext) SetScheduleTime(value time.Time) { j.scheduleTime = value }

// DataTime: of which time it works on data.
func (j *JobContext) DataTime() time.Time { return j.dataTime }

// SetDataTime changes it.
func (j *JobContext) SetDataTime(value time.Time) { j.dataTime = value }

// ExecuteMode: standalone, broadcast, sharding, parallel, grid or batch.
func (j *JobContext) ExecuteMode() string { return j.executeMode }

// SetExecuteMode changes it.
func (j *JobContext) SetExecuteMode(value string) { j.executeMode = value }

// JobType: go.
func (j *JobContext) JobType() string { return j.jobType }

// SetJobType changes it.
func (j *JobContext) SetJobType(value string) { j.jobType = value }

// InstanceMasterActorPath: empty: there is no such actor.
func (j *JobContext) InstanceMasterActorPath() string { return j.instanceMasterActorPath }

// SetInstanceMasterActorPath changes it.
func (j *JobContext) SetInstanceMasterActorPath(value string) { j.instanceMasterActorPath = value }

// TaskName: the name that a map gave the task.
func (j *JobContext) TaskName() string { return j.taskName }

// SetTaskName changes it.
func (j *JobContext) SetTaskName(value string) { j.taskName = value }

// Task: what a map put into the task: JSON.
func (j *JobContext) Task() []byte { return j.task }

// SetTask changes it.
func (j *JobContext) SetTask(value []byte) { j.task = value }

// GroupId: the app group.
func (j *JobContext) GroupId() string { return j.groupId }

// SetGroupId changes it.
func (j *JobContext) SetGroupId(value string) { j.groupId = value }

// Content: the job's Content.
func (j *JobContext) Content() string { return j.content }

// SetContent changes it.
func (j *JobContext) SetContent(value string) { j.content = value }

// User: empty: nobody is known here.
func (j *JobContext) User() string { return j.user }

// SetUser changes it.
func (j *JobContext) SetUser(value string) { j.user = value }

// MaxAttempt: how often the job may be tried again.
func (j *JobContext) MaxAttempt() int32 { return j.maxAttempt }

// SetMaxAttempt changes it.
func (j *JobContext) SetMaxAttempt(value int32) { j.maxAttempt = value }

// Attempt: the count of tries, 0 for the first.
func (j *JobContext) Attempt() int32 { return j.attempt }

// SetAttempt changes it.
func (j *JobContext) SetAttempt(value int32) { j.attempt = value }

// JobParameters: the job's Parameters.
func (j *JobContext) JobParameters() string { return j.jobParameters }

// SetJobParameters changes it.
func (j *JobContext) SetJobParameters(value string) { j.jobParameters = value }

// InstanceParameters: what whoever fired the instance gave it.
func (j *JobContext) InstanceParameters() string { return j.instanceParameters }

// SetInstanceParameters changes it.
func (j *JobContext) SetInstanceParameters(value string) { j.instanceParameters = value }

// TaskResults: results of all tasks, in Reduce and PostProcess.
func (j *JobContext) TaskResults() map[int64]string { return j.taskResults }

// SetTaskResults changes it.
func (j *JobContext) SetTaskResults(value map[int64]string) { j.taskResults = value }

// TaskStatuses: states of all tasks, in Reduce and PostProcess.
func (j *JobContext) TaskStatuses() map[int64]taskstatus.TaskStatus { return j.taskStatuses }

// SetTaskStatuses changes it.
func (j *JobContext) SetTaskStatuses(value map[int64]taskstatus.TaskStatus) { j.taskStatuses = value }

// TaskMaxAttempt: how often a task may be tried again.
func (j *JobContext) TaskMaxAttempt() int32 { return j.taskMaxAttempt }

// SetTaskMaxAttempt changes it.
func (j *JobContext) SetTaskMaxAttempt(value int32) { j.taskMaxAttempt = value }

// TaskAttempt: the count of tries of the task.
func (j *JobContext) TaskAttempt() int32 { return j.taskAttempt }

// SetTaskAttempt changes it.
func (j *JobContext) SetTaskAttempt(value int32) { j.taskAttempt = value }

// TaskAttemptInterval: seconds between them.
func (j *JobContext) TaskAttemptInterval() int32 { return j.taskAttemptInterval }

// SetTaskAttemptInterval changes it.
func (j *JobContext) SetTaskAttemptInterval(value int32) { j.taskAttemptInterval = value }

// SerialNum: 0: rounds of a job that repeats by seconds are instances here.
func (j *JobContext) SerialNum() int64 { return j.serialNum }

// SetSerialNum changes it.
func (j *JobContext) SetSerialNum(value int64) { j.serialNum = value }

// ShardingId: the number of the shard.
func (j *JobContext) ShardingId() int64 { return j.shardingId }

// SetShardingId changes it.
func (j *JobContext) SetShardingId(value int64) { j.shardingId = value }

// ShardingParameter: the text of the shard.
func (j *JobContext) ShardingParameter() string { return j.shardingParameter }

// SetShardingParameter changes it.
func (j *JobContext) SetShardingParameter(value string) { j.shardingParameter = value }

// ShardingNum: how many shards there are.
func (j *JobContext) ShardingNum() int32 { return j.shardingNum }

// SetShardingNum changes it.
func (j *JobContext) SetShardingNum(value int32) { j.shardingNum = value }

// AllWorkerAddrs: nil: addresses are not told to jobs.
func (j *JobContext) AllWorkerAddrs() []string { return j.allWorkerAddrs }

// SetAllWorkerAddrs changes it.
func (j *JobContext) SetAllWorkerAddrs(value []string) { j.allWorkerAddrs = value }

// WorkerAddr: empty: addresses are not told to jobs.
func (j *JobContext) WorkerAddr() string { return j.workerAddr }

// SetWorkerAddr changes it.
func (j *JobContext) SetWorkerAddr(value string) { j.workerAddr = value }

// TimeType: what fires the job, by the API's number.
func (j *JobContext) TimeType() int32 { return j.timeType }

// SetTimeType changes it.
func (j *JobContext) SetTimeType(value int32) { j.timeType = value }

// TimeExpression: when it fires.
func (j *JobContext) TimeExpression() string { return j.timeExpression }

// SetTimeExpression changes it.
func (j *JobContext) SetTimeExpression(value string) { j.timeExpression = value }

// TriggerType: what fired the instance, by the API's number.
func (j *JobContext) TriggerType() int32 { return j.triggerType }

// SetTriggerType changes it.
func (j *JobContext) SetTriggerType(value int32) { j.triggerType = value }
