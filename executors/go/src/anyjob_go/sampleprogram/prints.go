package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"anyjob"
)

// The functions that print what a run is given.

// printsEnvironment has something to do in every phase.
type printsEnvironment struct{}

func (printsEnvironment) Process(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return environment(run)
}

func (printsEnvironment) PreProcess(ctx context.Context, run *anyjob.Run) error {
	_, err := environment(run)
	return err
}

func (printsEnvironment) PostProcess(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return environment(run)
}

func (printsEnvironment) Reduce(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return environment(run)
}

// environment shows the environment, where the process is the run's own; else what the run is told instead.
func environment(run *anyjob.Run) (*anyjob.Result, error) {
	lines := os.Environ()
	if !strings.HasPrefix(os.Getenv("ANYJOB_APP"), "files:") {
		lines = []string{
			"ANYJOB_RUN=" + run.ID, "ANYJOB_KEY=" + run.Key, "ANYJOB_JOB_NAME=" + run.Job,
			"ANYJOB_TASK_NAME=" + run.TaskName, "ANYJOB_PHASE=" + string(run.Phase),
			"ANYJOB_PARAMETERS=" + run.Parameters, "ANYJOB_INSTANCE_PARAMETERS=" + run.InstanceParameters,
			fmt.Sprintf("ANYJOB_JOB_ID=%d", run.JobID), fmt.Sprintf("ANYJOB_INSTANCE_ID=%d", run.Instance),
			fmt.Sprintf("ANYJOB_TASK_ID=%d", run.Task), fmt.Sprintf("ANYJOB_ATTEMPT=%d", run.Attempt),
			fmt.Sprintf("ANYJOB_SCHEDULE_TIME=%d", run.ScheduleTime.UnixMilli()),
			fmt.Sprintf("ANYJOB_DATA_TIME=%d", run.DataTime.UnixMilli()),
			fmt.Sprintf("ANYJOB_TRIGGER_TYPE=%d", run.Trigger),
		}
		if run.Shard != nil {
			lines = append(lines, fmt.Sprintf("ANYJOB_SHARD_ID=%d", run.Shard.ID),
				"ANYJOB_SHARD_PARAMETER="+run.Shard.Parameter, fmt.Sprintf("ANYJOB_SHARD_TOTAL=%d", run.Shard.Total))
		}
		if run.Payload != nil {
			lines = append(lines, "ANYJOB_TASK="+spaced(run.Payload))
		}
		if run.Upstream != nil {
			lines = append(lines, "ANYJOB_UPSTREAM="+spaced(run.Upstream))
		}
		if !run.Deadline.IsZero() {
			lines = append(lines, fmt.Sprintf("ANYJOB_DEADLINE=%d", run.Deadline.UnixMilli()))
		}
	}
	for _, line := range lines {
		run.Log.Printf("%s", line)
	}
	return anyjob.Succeed(""), nil
}

// spaced writes JSON as Python does, which is how the variables of a command hold it.
func spaced(text json.RawMessage) string {
	var out strings.Builder
	inside, escaped := false, false
	for _, b := range text {
		out.WriteByte(b)
		switch {
		case escaped:
			escaped = false
		case b == '\\':
			escaped = true
		case b == '"':
			inside = !inside
		case !inside && (b == ',' || b == ':'):
			out.WriteByte(' ')
		}
	}
	return out.String()
}

func printsSurroundings(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, err
	}
	umask := syscall.Umask(0)
	syscall.Umask(umask)
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	run.Log.Printf("stdin=%d\numask=%04o\ncwd=%s", len(input), umask, cwd)
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		return nil, err
	}
	numbers := []int{}
	for _, link := range links {
		number, _ := strconv.Atoi(filepath.Base(link))
		if _, err := os.Readlink(link); err == nil { // not the one of the listing
			numbers = append(numbers, number)
		}
	}
	sort.Ints(numbers)
	run.Log.Printf("fds=%s", strings.Trim(fmt.Sprint(numbers), "[]"))
	tty := "no"
	if file, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		tty = "yes"
		file.Close()
	}
	run.Log.Printf("tty=%s", tty)
	// Of a child, which inherits what Go was started with: Go itself handles signals as it needs them.
	status, err := exec.Command("cat", "/proc/self/status").Output()
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(string(status), "\n") {
		if name, value, _ := strings.Cut(line, ":"); name == "SigIgn" || name == "SigBlk" {
			run.Log.Printf("%s=%s", name, strings.TrimSpace(value))
		}
	}
	return anyjob.Succeed(""), nil
}

func printsShard(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Succeed(fmt.Sprintf("%d %s %d", run.Shard.ID, run.Shard.Parameter, run.Shard.Total)), nil
}
