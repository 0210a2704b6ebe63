package anyjob

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	lineBytes = 16 << 20
)

var signals = map[string]syscall.Signal{
	"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "USR1": syscall.SIGUSR1,
	"USR2": syscall.SIGUSR2, "ALRM": syscall.SIGALRM, "TERM": syscall.SIGTERM, "WINCH": syscall.SIGWINCH,
	"CONT": syscall.SIGCONT, "URG": syscall.SIGURG, "IO": syscall.SIGIO, "PWR": syscall.SIGPWR,
}

// serveOwn is the process of one run: told by a file of the folder, and telling by another. It gives the exit status.
func serveOwn(folder string) int {
	asked := make(chan os.Signal, 4)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	keepCrash(filepath.Join(folder, "crash"))
	run, err := readStart(filepath.Join(folder, "start.json"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "[anyjob]", err)
		return 1
	}
	if number, known := signals[run.stopSignal]; known {
		signal.Notify(asked, number)
	}
	out := ownOutcome(run, asked)
	line := resultLine(run.ID, out, lineBytes)
	if err := replaceFile(filepath.Join(folder, "outcome.json"), line); err != nil {
		fmt.Fprintln(os.Stderr, "[anyjob] the outcome cannot be written:", err)
		return 1
	}
	return 0
}

func ownOutcome(run *Run, asked <-chan os.Signal) *outcome {
	processor := all.wait(run.Name, Patience)
	if processor == nil {
		out := &outcome{Cause: "bad_config", Result: fmt.Sprintf("jobName %q %s", run.Name, all.missing(run.Name))}
		out.Retry, out.Ended = &retry{}, epoch(time.Now())
		out.know("go", out.Result)
		return out
	}
	c := newCall(run, processor, &ownTeller{})
	go func() {
		for number := range asked {
			c.ask(ErrStopped, fmt.Sprintf("signal %d (%s) came", number.(syscall.Signal), number))
		}
	}()
	return c.execute(run.Grace)
}

func readStart(path string) (*Run, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the start message cannot be read: %w", err)
	}
	var said struct {
		Run   string          `json:"run"`
		Facts json.RawMessage `json:"facts"`
		Spec  json.RawMessage `json:"spec"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return nil, fmt.Errorf("%s is no start message: %w", path, err)
	}
	return newRun(said.Run, said.Facts, said.Spec)
}

// replaceFile makes the file appear whole.
func replaceFile(path string, text []byte) error {
	half := path + ".new"
	if err := os.WriteFile(half, text, 0o600); err != nil {
		return err
	}
	return os.Rename(half, path)
}

// ownTeller speaks by the files of the run's folder; its output is the log.
type ownTeller struct{ mu sync.Mutex }

func (t *ownTeller) write(data []byte) (int, error) { return os.Stdout.Write(data) }

func (t *ownTeller) progress(done, total int64) error {
	return t.append("ANYJOB_PROGRESS", []byte(fmt.Sprintf("%d %d\n", done, total)))
}

func (t *ownTeller) mapItems(ctx context.Context, items []json.RawMessage, name, key string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	line, err := json.Marshal(map[string]any{"items": items, "name": name, "key": key})
	if err != nil {
		return err
	}
	return t.append("ANYJOB_MAP", append(line, '\n'))
}

// append writes whole lines: what is cut off by the end of the process is no line.
func (t *ownTeller) append(variable string, line []byte) error {
	path := os.Getenv(variable)
	if path == "" {
		return fmt.Errorf("%s is not set: this run cannot tell it", variable)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(line)
	return errors.Join(err, file.Close())
}

// checkpoint has nobody to tell: the run ends with this process, and no other begins it.
func (t *ownTeller) checkpoint(context.Context, json.RawMessage) error { return nil }

func (t *ownTeller) secret(name string) (string, error) {
	folder := os.Getenv("ANYJOB_SECRETS")
	if name == "" || strings.ContainsAny(name, "/\x00") || name == "." || name == ".." {
		return "", noSecret(name)
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if folder == "" || errors.Is(err, os.ErrNotExist) {
		return "", noSecret(name)
	}
	return string(text), err
}

func noSecret(name string) error {
	return fmt.Errorf("this run has no secret %q; list it under XAttrs.secrets of the job", name)
}

func (t *ownTeller) results() ([]TaskResult, error) {
	path := os.Getenv("ANYJOB_RESULTS")
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readResults(file)
}

func readResults(from io.Reader) ([]TaskResult, error) {
	var results []TaskResult
	lines := json.NewDecoder(bufio.NewReader(from))
	for {
		var result TaskResult
		if err := lines.Decode(&result); errors.Is(err, io.EOF) {
			return results, nil
		} else if err != nil {
			return results, fmt.Errorf("the results of the tasks cannot be read: %w", err)
		}
		results = append(results, result)
	}
}

// serveNames tells which names this program serves: once the wanted one is registered, or the patience is over.
func serveNames(folder, wanted string) int {
	if wanted != "" {
		all.wait(wanted, Patience)
	}
	all.settle(20 * time.Millisecond)
	said := map[string]any{"type": "names", "software": mark, "names": all.names(), "details": all.details()}
	line, err := json.Marshal(said)
	if err == nil {
		err = replaceFile(filepath.Join(folder, "names.json"), line)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "[anyjob] the names cannot be told:", err)
		return 1
	}
	return 0
}
