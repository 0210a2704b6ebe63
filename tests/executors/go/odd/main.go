// A program whose code does what code should not, one name for each way.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"anyjob"
)

type process = func(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error)

func main() {
	fmt.Println("main begins")
	if text := os.Getenv("ODD_HANGS"); text != "" {
		time.Sleep(time.Hour)
	}
	if text := os.Getenv("ODD_FAILS"); text != "" {
		log.Fatal(text)
	}
	names := map[string]process{
		"Hello": hello, "Nothing": nothing, "Errs": errs, "Again": again, "Wrapped": wrapped, "Fails": fails,
		"Panics": panics, "PanicsBeside": panicsBeside, "Goexits": goexits, "ExitsWell": exitsWell,
		"BadOutputs": badOutputs, "Large": large, "Facts": facts, "Waits": waits, "Ignores": ignores,
		"Deadline": deadline, "Maps": maps, "MapsMany": mapsMany, "MapsHuge": mapsHuge, "Checkpoints": checkpoints,
		"Secret": secret, "Writes": writes, "Slow": slow, "Prints": prints, "Progress": progress, "Counts": counts,
		"Late": nil,
	}
	for name, f := range names {
		if f != nil {
			anyjob.RegisterFunc(name, f)
		}
	}
	anyjob.Register("Flag", &flag{})
	anyjob.Register("BadKill", badKill{})
	anyjob.Register("Broadcast", broadcast{})
	anyjob.Register("Sum", sum{})
	go func() {
		time.Sleep(300 * time.Millisecond)
		anyjob.RegisterFunc("Late", hello)
	}()
	if err := anyjob.Serve(); err != nil {
		log.Fatal(err)
	}
}

func hello(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Succeed("hello " + run.Parameters), nil
}

func nothing(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) { return nil, nil }

func errs(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return nil, fmt.Errorf("no such order: %w", os.ErrNotExist)
}

func again(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return nil, anyjob.Again(errors.New("busy"))
}

func wrapped(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return nil, fmt.Errorf("outer: %w", anyjob.Again(os.ErrNotExist, 3*time.Second))
}

func fails(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Fail("not all of it").With("done", 3), nil
}

func panics(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	var orders []int
	return anyjob.Succeed(strconv.Itoa(orders[7])), nil
}

func panicsBeside(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	go panic("beside " + run.Parameters)
	select {}
}

func goexits(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	runtime.Goexit()
	return nil, nil
}

func exitsWell(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	os.Exit(0)
	return nil, nil
}

func badOutputs(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Succeed("").With("x", math.NaN()), nil
}

func large(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Succeed(strings.Repeat("x", 17<<20)), nil
}

func facts(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	shard := "none"
	if run.Shard != nil {
		shard = fmt.Sprintf("%d/%d %s", run.Shard.ID, run.Shard.Total, run.Shard.Parameter)
	}
	if anyjob.FromContext(ctx) != run {
		return nil, errors.New("the context is not the run's")
	}
	until, bounded := ctx.Deadline()
	return anyjob.Succeed(strings.Join([]string{
		run.ID, run.Key, run.Name, run.Job, run.JobType, strconv.FormatInt(run.JobID, 10), run.Group, run.ExecuteMode,
		strconv.FormatInt(run.Instance, 10), strconv.FormatInt(run.Task, 10), run.TaskName, strconv.Itoa(run.Attempt),
		string(run.Phase), run.Parameters, run.InstanceParameters, shard, string(run.Payload), string(run.Upstream),
		run.ScheduleTime.UTC().Format(time.RFC3339), fmt.Sprint(bounded, until.Equal(run.Deadline)), run.Grace.String(),
		run.Content, string(run.Saved),
	}, "|")), nil
}

func waits(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	run.Log.Printf("ready")
	<-ctx.Done()
	cause := context.Cause(ctx)
	run.Log.Printf("cause: %v", cause)
	return nil, cause
}

func ignores(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	run.Log.Printf("ready")
	time.Sleep(5 * time.Minute)
	return anyjob.Succeed(""), nil
}

func deadline(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	run.Log.Printf("ready")
	<-ctx.Done()
	return nil, ctx.Err()
}

func maps(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	if err := run.Map([]map[string]int{{"page": 1}, {"page": 2}}, "page", "pages"); err != nil {
		return nil, err
	}
	return anyjob.Succeed("mapped"), run.Map([]string{"x"}, "other", "")
}

func mapsMany(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	items := make([]int, 2500)
	for at := range items {
		items[at] = at
	}
	return anyjob.Succeed("mapped"), run.Map(items, "page", "all")
}

func mapsHuge(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Succeed("mapped"), run.Map([]string{strings.Repeat("x", 17<<20)}, "huge", "")
}

func checkpoints(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	if err := run.Checkpoint(strings.Repeat("x", 5000)); err == nil {
		return nil, errors.New("5000 bytes were taken")
	}
	if err := run.Checkpoint(map[string]int{"row": 7}); err != nil {
		return nil, err
	}
	return anyjob.Succeed("kept"), nil
}

func secret(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	value, err := run.Secret("TOKEN")
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"OTHER", "../start.json", "", ".."} {
		if _, err := run.Secret(name); err == nil {
			return nil, fmt.Errorf("there is a secret %q", name)
		}
	}
	return anyjob.Succeed(strconv.Itoa(len(value))), nil
}

// writes puts as many bytes into the log as the parameters say, and then waits for the stop.
func writes(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	count, err := strconv.Atoi(run.Parameters)
	if err != nil {
		return nil, err
	}
	line := []byte(strings.Repeat("0123456789abcdef", 64))
	for done := 0; done < count; done += len(line) {
		if _, err := run.Log.Write(line); err != nil {
			return nil, err
		}
	}
	return anyjob.Succeed("written"), nil
}

// slow ends after as many milliseconds as the parameters say, whatever is asked of it.
func slow(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	millis, err := strconv.Atoi(run.Parameters)
	if err != nil {
		return nil, err
	}
	run.Log.Printf("ready")
	time.Sleep(time.Duration(millis) * time.Millisecond)
	run.Log.Printf("over")
	return anyjob.Succeed("slow"), nil
}

func prints(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	fmt.Println("on stdout")
	fmt.Fprintln(os.Stderr, "on stderr")
	return anyjob.Succeed(""), nil
}

func progress(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	if run.Progress(-1, 3) == nil {
		return nil, errors.New("-1 was taken")
	}
	for done := int64(1); done <= 100_000; done++ {
		if err := run.Progress(done, 100_000); err != nil {
			return nil, err
		}
		if done%500 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return anyjob.Succeed(""), nil
}

var begun atomic.Int64

func counts(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Succeed(strconv.FormatInt(begun.Add(1), 10)), nil
}

// flag looks at nothing but what Kill sets.
type flag struct{ stop atomic.Bool }

func (f *flag) Process(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	run.Log.Printf("ready")
	for !f.stop.Load() {
		time.Sleep(5 * time.Millisecond)
	}
	return anyjob.Succeed("stopped by a flag"), nil
}

func (f *flag) Kill(ctx context.Context, run *anyjob.Run) error {
	f.stop.Store(true)
	return nil
}

type badKill struct{}

func (badKill) Process(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return waits(ctx, run)
}
func (badKill) Kill(ctx context.Context, run *anyjob.Run) error { panic("implement me") }

type broadcast struct{}

func (broadcast) Process(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return hello(ctx, run)
}
func (broadcast) PreProcess(ctx context.Context, run *anyjob.Run) error {
	if run.Parameters == "bad" {
		return errors.New("nothing to prepare")
	}
	return nil
}

func (broadcast) PostProcess(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return total(run)
}

type sum struct{}

func (sum) Process(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return hello(ctx, run)
}
func (sum) Reduce(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) { return total(run) }
func (sum) RunReduceIfFail(ctx context.Context, run *anyjob.Run) bool           { return false }

func total(run *anyjob.Run) (*anyjob.Result, error) {
	results, err := run.Results()
	if err != nil {
		return nil, err
	}
	total := 0
	for _, result := range results {
		if result.OK() {
			number, _ := strconv.Atoi(result.Result)
			total += number
		}
	}
	_, _ = io.WriteString(run.Log, "summed\n")
	return anyjob.Succeed(strconv.Itoa(total)), nil
}
