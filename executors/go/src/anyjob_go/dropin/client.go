// Package schedulerx takes the place of the public SchedulerX worker for Go, by a replace line in go.mod: programs that
// were written for that run jobs of anyjob as they are. Nothing of the original is in it; names and signatures are its.
//
// What connects to SchedulerX there (Config, the worker's options) is accepted and has no effect: how the program is
// told of runs says the variable ANYJOB_APP.
package schedulerx

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alibaba/schedulerx-worker-go/config"
	"github.com/alibaba/schedulerx-worker-go/internal/anyjob"
	"github.com/alibaba/schedulerx-worker-go/processor"
	"github.com/alibaba/schedulerx-worker-go/tracer"
)

// Config says where SchedulerX is. It has no effect here.
type Config struct {
	DomainName string `json:"DomainName"`
	Endpoint   string `json:"Endpoint"`
	Namespace  string `json:"Namespace"`
	GroupId    string `json:"GroupId"`
	AppKey     string `json:"AppKey"`
}

// IsValid says whether SchedulerX would accept it.
func (c *Config) IsValid() bool {
	return c != nil && c.Namespace != "" && c.GroupId != "" && c.AppKey != "" && (c.Endpoint != "" || c.DomainName != "")
}

// Options are what an Option changes: nothing.
type Options struct{}

// Option is given to GetClient.
type Option func(*Options)

// WithWorkerConfig keeps the configuration for config.GetWorkerConfig.
func WithWorkerConfig(cfg *config.WorkerConfig) Option {
	return func(*Options) { config.InitWorkerConfig(cfg) }
}

// WithTracer lets the tracer see every call.
func WithTracer(t tracer.Tracer) Option {
	return func(*Options) { tracer.InitTracer(t) }
}

// Client serves the tasks that are registered with it.
type Client struct {
	end  context.CancelFunc
	over chan struct{}
}

var (
	client    *Client
	errClient error
	once      sync.Once
)

// GetClient gives the one client of the program, which serves from now on; tasks are registered afterwards. It fails
// where nothing says how the program is told of runs.
func GetClient(cfg *Config, opts ...Option) (*Client, error) {
	once.Do(func() { client, errClient = newClient(opts) })
	return client, errClient
}

func newClient(opts []Option) (*Client, error) {
	options := &Options{}
	for _, opt := range opts {
		opt(options)
	}
	if os.Getenv("ANYJOB_APP") == "" {
		return nil, fmt.Errorf("ANYJOB_APP is not set: this program is linked with anyjob in place of SchedulerX's worker; " +
			"let a job start it, or set ANYJOB_APP=tcp:HOST:PORT and ANYJOB_APP_TOKEN")
	}
	anyjob.Patience = 10 * time.Second // between the client and its tasks main may have a lot to do
	ctx, end := context.WithCancel(context.Background())
	c := &Client{end: end, over: make(chan struct{})}
	asked := make(chan os.Signal, 1)
	attached := strings.HasPrefix(os.Getenv("ANYJOB_APP"), "tcp:")
	if attached || strings.HasPrefix(os.Getenv("ANYJOB_APP"), "unix:") {
		signal.Notify(asked, syscall.SIGINT, syscall.SIGTERM)
	}
	go func() {
		defer close(c.over)
		if err := anyjob.ServeContext(ctx); err != nil {
			anyjob.Logf("%v", err)
		}
	}()
	go func() {
		select {
		case number := <-asked:
			end()
			<-c.over
			// The signal is main's as well. Where main does not look at it, it ends the program now, as it would
			// without this package.
			signal.Stop(asked)
			_ = syscall.Kill(os.Getpid(), number.(syscall.Signal))
		case <-ctx.Done():
		}
	}()
	return c, nil
}

// RegisterTask makes the task serve jobs whose Content says {"jobName": name}.
func (c *Client) RegisterTask(name string, task processor.Processor) {
	if task == nil {
		panic(fmt.Sprintf("RegisterTask(%q, nil): a processor is needed", name))
	}
	anyjob.Register(name, adapted(task))
}

// Shutdown ends what goes on, and returns when it is told.
func (c *Client) Shutdown() {
	c.end()
	<-c.over
}
