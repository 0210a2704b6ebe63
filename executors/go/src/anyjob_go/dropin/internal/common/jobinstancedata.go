// Package common holds what the public packages return and cannot name.
package common

// JobInstanceData is the result of a job that ran before this one.
type JobInstanceData struct {
	JobName string
	Data    string
}

// GetJobName gives the name of that job.
func (j JobInstanceData) GetJobName() string { return j.JobName }

// GetData gives its result.
func (j JobInstanceData) GetData() string { return j.Data }

// SetJobName changes the name.
func (j *JobInstanceData) SetJobName(name string) { j.JobName = name }

// SetData changes the result.
func (j *JobInstanceData) SetData(data string) { j.Data = data }
