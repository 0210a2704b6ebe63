// Package config has the worker's options. Of them only TaskBodySizeMax has an effect here; all are kept.
package config

import (
	"sync"
	"time"
)

// WorkerConfig is what options change.
type WorkerConfig struct {
	isShareContainerPool            bool
	isMapMasterFailover             bool
	isSecondDelayIntervalMS         bool
	isDispatchSecondDelayStandalone bool
	broadcastMasterExecEnable       bool
	broadcastDispatchRetryTimes     int32
	mapMasterPageSize               int32
	mapMasterQueueSize              int32
	mapMasterDispatcherSize         int32
	sharePoolSize                   int32
	workerParallelTaskMaxSize       int32
	workerMapPageSize               int32
	taskBodySizeMax                 int32
	grpcPort                        int32
	mapMasterStatusCheckInterval    time.Duration
	iface                           string
	label                           string
}

var (
	once  sync.Once
	inUse *WorkerConfig
)

// InitWorkerConfig keeps the configuration; the first one counts.
func InitWorkerConfig(cfg *WorkerConfig) { once.Do(func() { inUse = cfg }) }

// GetWorkerConfig gives it, or the defaults.
func GetWorkerConfig() *WorkerConfig {
	if inUse != nil {
		return inUse
	}
	return defaults()
}

// NewWorkerConfig makes the configuration of this program.
func NewWorkerConfig(opts ...Option) *WorkerConfig {
	cfg := defaults()
	for _, opt := range opts {
		opt(cfg)
	}
	InitWorkerConfig(cfg)
	return cfg
}

func defaults() *WorkerConfig {
	return &WorkerConfig{
		isMapMasterFailover: true, broadcastMasterExecEnable: true, broadcastDispatchRetryTimes: 1,
		mapMasterPageSize: 100, mapMasterQueueSize: 10000, mapMasterDispatcherSize: 5,
		mapMasterStatusCheckInterval: 3 * time.Second, sharePoolSize: 64, workerParallelTaskMaxSize: 300,
		workerMapPageSize: 1000, taskBodySizeMax: 65536,
	}
}

// Option is given to NewWorkerConfig.
type Option func(*WorkerConfig)

// WithEnableShareContainerPool is kept.
func WithEnableShareContainerPool() Option {
	return func(c *WorkerConfig) { c.isShareContainerPool = true }
}

// WithDisableMapMasterFailover is kept.
func WithDisableMapMasterFailover() Option {
	return func(c *WorkerConfig) { c.isMapMasterFailover = false }
}

// WithEnableSecondDelayIntervalMS is kept.
func WithEnableSecondDelayIntervalMS() Option {
	return func(c *WorkerConfig) { c.isSecondDelayIntervalMS = true }
}

// WithEnableDispatchSecondDelayStandalone is kept.
func WithEnableDispatchSecondDelayStandalone() Option {
	return func(c *WorkerConfig) { c.isDispatchSecondDelayStandalone = true }
}

// WithDisableBroadcastMasterExec is kept.
func WithDisableBroadcastMasterExec() Option {
	return func(c *WorkerConfig) { c.broadcastMasterExecEnable = false }
}

// WithMapMasterStatusCheckInterval is kept.
func WithMapMasterStatusCheckInterval(interval time.Duration) Option {
	return func(c *WorkerConfig) { c.mapMasterStatusCheckInterval = interval }
}

// WithIface is kept.
func WithIface(iface string) Option { return func(c *WorkerConfig) { c.iface = iface } }

// WithLabel is kept.
func WithLabel(label string) Option { return func(c *WorkerConfig) { c.label = label } }

// WithBroadcastDispatchRetryTimes is kept.
func WithBroadcastDispatchRetryTimes(value int32) Option {
	return func(c *WorkerConfig) { c.broadcastDispatchRetryTimes = value }
}

// WithMapMasterPageSize is kept.
func WithMapMasterPageSize(value int32) Option {
	return func(c *WorkerConfig) { c.mapMasterPageSize = value }
}

// WithMapMasterQueueSize is kept.
func WithMapMasterQueueSize(value int32) Option {
	return func(c *WorkerConfig) { c.mapMasterQueueSize = value }
}

// WithMapMasterDispatcherSize is kept.
func WithMapMasterDispatcherSize(value int32) Option {
	return func(c *WorkerConfig) { c.mapMasterDispatcherSize = value }
}

// WithSharePoolSize is kept.
func WithSharePoolSize(value int32) Option { return func(c *WorkerConfig) { c.sharePoolSize = value } }

// WithWorkerParallelTaskMaxSize is kept.
func WithWorkerParallelTaskMaxSize(value int32) Option {
	return func(c *WorkerConfig) { c.workerParallelTaskMaxSize = value }
}

// WithWorkerMapPageSize is kept.
func WithWorkerMapPageSize(value int32) Option {
	return func(c *WorkerConfig) { c.workerMapPageSize = value }
}

// WithTaskBodySizeMax bounds an element of a map, in bytes of JSON.
func WithTaskBodySizeMax(value int32) Option {
	return func(c *WorkerConfig) { c.taskBodySizeMax = value }
}

// WithGrpcPort is kept.
func WithGrpcPort(value int32) Option { return func(c *WorkerConfig) { c.grpcPort = value } }

// IsShareContainerPool is an option.
func (w *WorkerConfig) IsShareContainerPool() bool { return w.isShareContainerPool }

// IsMapMasterFailover is an option.
func (w *WorkerConfig) IsMapMasterFailover() bool { return w.isMapMasterFailover }

// IsSecondDelayIntervalMS is an option.
func (w *WorkerConfig) IsSecondDelayIntervalMS() bool { return w.isSecondDelayIntervalMS }

// IsDispatchSecondDelayStandalone is an option.
func (w *WorkerConfig) IsDispatchSecondDelayStandalone() bool {
	return w.isDispatchSecondDelayStandalone
}

// BroadcastMasterExecEnable is an option.
func (w *WorkerConfig) BroadcastMasterExecEnable() bool { return w.broadcastMasterExecEnable }

// BroadcastDispatchRetryTimes is an option.
func (w *WorkerConfig) BroadcastDispatchRetryTimes() int32 { return w.broadcastDispatchRetryTimes }

// MapMasterPageSize is an option.
func (w *WorkerConfig) MapMasterPageSize() int32 { return w.mapMasterPageSize }

// MapMasterQueueSize is an option.
func (w *WorkerConfig) MapMasterQueueSize() int32 { return w.mapMasterQueueSize }

// MapMasterDispatcherSize is an option.
func (w *WorkerConfig) MapMasterDispatcherSize() int32 { return w.mapMasterDispatcherSize }

// SharePoolSize is an option.
func (w *WorkerConfig) SharePoolSize() int32 { return w.sharePoolSize }

// WorkerParallelTaskMaxSize is an option.
func (w *WorkerConfig) WorkerParallelTaskMaxSize() int32 { return w.workerParallelTaskMaxSize }

// WorkerMapPageSize is an option.
func (w *WorkerConfig) WorkerMapPageSize() int32 { return w.workerMapPageSize }

// TaskBodySizeMax is an option.
func (w *WorkerConfig) TaskBodySizeMax() int32 { return w.taskBodySizeMax }

// GrpcPort is an option.
func (w *WorkerConfig) GrpcPort() int32 { return w.grpcPort }

// MapMasterStatusCheckInterval is an option.
func (w *WorkerConfig) MapMasterStatusCheckInterval() time.Duration {
	return w.mapMasterStatusCheckInterval
}

// Iface is an option.
func (w *WorkerConfig) Iface() string { return w.iface }

// Label is an option.
func (w *WorkerConfig) Label() string { return w.label }
