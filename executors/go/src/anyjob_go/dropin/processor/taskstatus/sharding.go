package taskstatus

import "strconv"

// ShardingTaskProgress is how far the shards of an instance are.
type ShardingTaskProgress struct {
	ShardingProgress []*ShardingTaskStatus `json:"shardingProgress"`
}

// NewShardingTaskProgress makes one of its shards.
func NewShardingTaskProgress(shardingProgressList []*ShardingTaskStatus) *ShardingTaskProgress {
	return &ShardingTaskProgress{ShardingProgress: shardingProgressList}
}

// GetShardingProgress gives the shards.
func (t *ShardingTaskProgress) GetShardingProgress() []*ShardingTaskStatus { return t.ShardingProgress }

// SetShardingTaskStatus changes them.
func (t *ShardingTaskProgress) SetShardingTaskStatus(shardingProgress []*ShardingTaskStatus) {
	t.ShardingProgress = shardingProgress
}

// ShardingTaskStatus is the state of one shard.
type ShardingTaskStatus struct {
	id         int64
	workerAddr string
	status     int32
	statusType *TypeInfo
}

// NewShardingTaskStatus makes one.
func NewShardingTaskStatus(id int64, workerAddr string, status int32) *ShardingTaskStatus {
	word := NewTypeInfo(strconv.Itoa(int(status)), TaskStatus(status).Descriptor())
	return &ShardingTaskStatus{id: id, workerAddr: workerAddr, status: status, statusType: word}
}

// Id gives the number of the shard.
func (s *ShardingTaskStatus) Id() int64 { return s.id }

// SetId changes it.
func (s *ShardingTaskStatus) SetId(id int64) { s.id = id }

// WorkerAddr says where it runs.
func (s *ShardingTaskStatus) WorkerAddr() string { return s.workerAddr }

// SetWorkerAddr changes it.
func (s *ShardingTaskStatus) SetWorkerAddr(workerAddr string) { s.workerAddr = workerAddr }

// Status gives the number of the state.
func (s *ShardingTaskStatus) Status() int32 { return s.status }

// SetStatus changes it.
func (s *ShardingTaskStatus) SetStatus(status int32) { s.status = status }

// StatusType gives the state for people.
func (s *ShardingTaskStatus) StatusType() *TypeInfo { return s.statusType }

// SetStatusType changes it.
func (s *ShardingTaskStatus) SetStatusType(statusType *TypeInfo) { s.statusType = statusType }

// TypeInfo is a state for people.
type TypeInfo struct {
	code, name string
	tips       map[string]string
}

// NewTypeInfo makes one.
func NewTypeInfo(code, name string) *TypeInfo { return &TypeInfo{code: code, name: name} }

// Code gives the number as text.
func (t *TypeInfo) Code() string { return t.code }

// SetCode changes it.
func (t *TypeInfo) SetCode(code string) { t.code = code }

// Name gives the word.
func (t *TypeInfo) Name() string { return t.name }

// SetName changes it.
func (t *TypeInfo) SetName(name string) { t.name = name }

// Tips gives further texts.
func (t *TypeInfo) Tips() map[string]string { return t.tips }

// SetTips changes them.
func (t *TypeInfo) SetTips(tips map[string]string) { t.tips = tips }
