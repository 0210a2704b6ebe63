package anyjob

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// call is one run whose code goes on in this process.
type call struct {
	run       *Run
	processor Processor
	cancel    context.CancelCauseFunc
	over      chan struct{} // closed when the code has returned

	mu     sync.Mutex
	asked  error // why it is to end: ErrStopped, ErrEnding
	by     string
	steps  []evidence
	killed chan struct{} // closed when Kill has returned; nil: it was not called
}

func newCall(run *Run, processor Processor, teller teller) *call {
	c := &call{run: run, processor: processor, over: make(chan struct{})}
	c.cancel = run.bind(teller)
	return c
}

// execute calls the code and waits until it has returned. `patience` is the time that Kill has after that.
func (c *call) execute(patience time.Duration) *outcome {
	what := c.method()
	ended := make(chan *outcome, 1)
	go func() {
		out := &outcome{Cause: "failed", Result: what + " ended its goroutine"}
		out.know("go", what+" called runtime.Goexit, as FailNow of a test does; return an error instead")
		defer func() {
			if value := recover(); value != nil {
				stack := debug.Stack()
				out = ofPanic(what, value, stack)
				fmt.Fprintf(c.run.Log, "panic: %v\n\n%s", value, stack)
			}
			ended <- out
		}()
		out = c.process(what)
	}()
	out := <-ended
	close(c.over)
	out.Ended = epoch(time.Now())
	c.judge(out, patience)
	c.cancel(context.Canceled)
	return out
}

// method names what is called of the processor in this phase.
func (c *call) method() string {
	switch c.run.Phase {
	case PhasePre:
		return "PreProcess"
	case PhasePost:
		return "PostProcess"
	case PhaseReduce:
		return "Reduce"
	}
	return "Process"
}

// process calls it. What a processor does not have it need not have.
func (c *call) process(what string) *outcome {
	run, ctx := c.run, c.run.ctx
	switch run.Phase {
	case PhasePre:
		if processor, ok := c.processor.(PreProcessor); ok {
			if err := processor.PreProcess(ctx, run); err != nil {
				return ofResult(what, nil, err)
			}
			return &outcome{Cause: "succeeded"}
		}
	case PhasePost:
		if processor, ok := c.processor.(PostProcessor); ok {
			result, err := processor.PostProcess(ctx, run)
			return ofResult(what, result, err)
		}
	case PhaseReduce:
		if processor, ok := c.processor.(Reducer); ok {
			if why := c.notReduced(); why != "" {
				out := &outcome{Cause: "succeeded"}
				out.know("go", why)
				return out
			}
			result, err := processor.Reduce(ctx, run)
			return ofResult(what, result, err)
		}
	case PhaseProcess:
		result, err := c.processor.Process(ctx, run)
		return ofResult(what, result, err)
	default:
		return ofResult(what, nil, fmt.Errorf("this SDK knows no phase %q; update it", run.Phase))
	}
	out := &outcome{Cause: "succeeded"}
	out.know("go", fmt.Sprintf("%T has no %s: nothing was called", c.processor, what))
	return out
}

// notReduced says why Reduce is not called.
func (c *call) notReduced() string {
	decider, ok := c.processor.(ReduceDecider)
	if !ok {
		return ""
	}
	results, err := c.run.Results()
	if err != nil {
		return "" // Reduce meets it again, and says so
	}
	for _, result := range results {
		if !result.OK() {
			if decider.RunReduceIfFail(c.run.ctx, c.run) {
				return ""
			}
			return fmt.Sprintf("task %d has failed, and RunReduceIfFail says no: Reduce was not called", result.Task)
		}
	}
	return ""
}

// ask lets the code end: its context is cancelled and Kill called. What is repeated changes nothing.
func (c *call) ask(why error, by string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked != nil {
		return
	}
	c.asked, c.by = why, by
	c.steps = append(c.steps, evidence{"go", by + ": the context was cancelled"})
	c.cancel(why)
	if killer, ok := c.processor.(Killer); ok {
		c.killed = make(chan struct{})
		go c.kill(killer)
	}
}

func (c *call) kill(killer Killer) {
	said := "Kill ended its goroutine"
	defer func() {
		if value := recover(); value != nil {
			said = fmt.Sprintf("Kill panicked: %v", value)
			fmt.Fprintf(c.run.Log, "%s\n\n%s", said, debug.Stack())
		}
		c.mu.Lock()
		c.steps = append(c.steps, evidence{"go", cut(said)})
		c.mu.Unlock()
		close(c.killed)
	}()
	if err := killer.Kill(c.run.ctx, c.run); err != nil {
		said = "Kill returned an error: " + err.Error()
		return
	}
	said = "Kill was called and has returned"
}

// judge lets the outcome say what was asked of the run, and how it obeyed.
func (c *call) judge(out *outcome, patience time.Duration) {
	c.mu.Lock()
	why, killed := c.asked, c.killed
	c.mu.Unlock()
	late := errors.Is(c.run.ctx.Err(), context.DeadlineExceeded)
	if why == nil && (!late || out.Cause == "succeeded") {
		return
	}
	by := "returned after its deadline had ended the context"
	if why != nil {
		by = "returned after its context was cancelled"
	}
	if killed != nil {
		by = "returned after Kill was called and its context cancelled"
		select {
		case <-killed:
		case <-time.After(patience):
			c.mu.Lock()
			c.steps = append(c.steps, evidence{"go", "Kill has not returned"})
			c.mu.Unlock()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out.Stop = &stopReport{
		Strength: "REPORTED", By: c.method() + " " + by, Evidence: append([]evidence{}, c.steps...), Survivors: []string{},
	}
	switch {
	case errors.Is(why, ErrEnding):
		// Nobody asked for the run to end; the program had to go. What was done is known all the same.
		if out.Cause != "succeeded" {
			out.Cause, out.Retry = "evicted", nil
		}
	case late:
		out.Cause, out.Retry = "timed_out", nil
	default:
		out.Cause, out.Retry = "stopped", nil
	}
}
