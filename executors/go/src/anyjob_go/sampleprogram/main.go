// The program with which the conformance suite proves the executor: one name for each way to behave.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"anyjob"
)

type process = func(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error)

func main() {
	if len(os.Args) > 2 {
		child(os.Args[1], os.Args[2], os.Args[3:])
		return
	}
	for name, f := range map[string]process{
		"succeeds": succeeds, "fails": fails, "errs": errs, "exits": exits, "dies": dies, "echoes": echoes,
		"sleeps": sleeps, "obeys": obeys, "ignores": ignores, "forks": forks, "remembers": remembers, "leaves": leaves,
		"counts": counts, "floods": floods, "long_line": longLine, "bad_bytes": badBytes, "gbk": gbk,
		"prints_surroundings": printsSurroundings, "prints_shard": printsShard,
		"returns_outputs": returnsOutputs, "progresses": progresses, "shows_secret": showsSecret,
		"eats_memory": eatsMemory, "starts_processes": startsProcesses, "burns": burns,
	} {
		anyjob.RegisterFunc(name, f)
	}
	anyjob.Register("prints_environment", printsEnvironment{})
	if err := anyjob.Serve(); err != nil {
		log.Fatal(err)
	}
}

func succeeds(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	run.Log.Printf("first")
	return anyjob.Succeed("hello"), nil
}

func fails(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Fail("no"), nil
}

func errs(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return nil, errors.New("not today")
}

func exits(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	code, err := strconv.Atoi(run.Parameters)
	if err != nil {
		return nil, err
	}
	if code != 0 { // os.Exit(0) in the middle is no success
		os.Exit(code)
	}
	return anyjob.Succeed(""), nil
}

func dies(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func echoes(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Succeed(run.InstanceParameters), nil
}

func sleeps(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(5 * time.Minute):
		return anyjob.Succeed(""), nil
	}
}

func obeys(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	run.Log.Printf("ready")
	<-ctx.Done()
	run.Log.Printf("bye")
	return nil, context.Cause(ctx)
}

func ignores(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	run.Log.Printf("ready")
	time.Sleep(5 * time.Minute)
	return anyjob.Succeed(""), nil
}

// child is what this program is when it has started itself.
func child(what, file string, rest []string) {
	switch what {
	case "fork": // the second child of the fork belongs to nobody here any more
		grandchild := exec.Command(os.Args[0], append([]string{"stay", file}, rest...)...)
		if rest[0] != "" {
			grandchild.Env = []string{}
		}
		grandchild.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := grandchild.Start(); err != nil {
			log.Fatal(err)
		}
	case "stay":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		_ = os.WriteFile(file, nil, 0o600)
		time.Sleep(5 * time.Minute)
	case "wait":
		for i := 0; i < 600; i++ {
			if _, err := os.Stat(file); err == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

func forks(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	files := []string{}
	for number := 0; number < 4; number++ {
		file, parameters := fmt.Sprintf("up.%d", number), ""
		if number == 3 { // without an environment; told by its arguments
			parameters = run.Parameters
		}
		if err := exec.Command("/proc/self/exe", "fork", file, parameters).Run(); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	for _, file := range files {
		for {
			if _, err := os.Stat(file); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	run.Log.Printf("ready")
	time.Sleep(5 * time.Minute)
	return anyjob.Succeed(""), nil
}

func remembers(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	remember := func(word string) error {
		file, err := os.OpenFile(run.Parameters, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(file, "%s %s\n", run.ID, word)
		return errors.Join(err, file.Close())
	}
	if err := remember("begin"); err != nil {
		return nil, err
	}
	time.Sleep(300 * time.Millisecond)
	return anyjob.Succeed(""), remember("end")
}

func leaves(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	left := exec.Command("/proc/self/exe", "wait", run.Parameters)
	left.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return anyjob.Succeed(""), left.Start()
}

func counts(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	for number := 1; number <= 300; number++ {
		run.Log.Printf("%d", number)
		if number%10 == 0 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	return anyjob.Succeed(""), nil
}

func floods(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	for i := 0; i < 500_000; i++ {
		if _, err := io.WriteString(run.Log, "0123456789abcde\n"); err != nil {
			return nil, err
		}
	}
	return anyjob.Succeed(""), nil
}

func longLine(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	for i := 0; i < 8; i++ {
		if _, err := io.WriteString(run.Log, strings.Repeat("x", 1_000_000)); err != nil {
			return nil, err
		}
	}
	return anyjob.Succeed(""), nil
}

func badBytes(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	_, err := io.WriteString(run.Log, "a\xff\xfe\x00\x1b[31m\x80z\n")
	return anyjob.Succeed(""), err
}

func gbk(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	_, err := io.WriteString(run.Log, "\xd6\xd0\xce\xc4\n")
	return anyjob.Succeed("中文"), err
}

func returnsOutputs(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	return anyjob.Succeed("").With("answer", 42).With("words", []string{"a", "b"}), nil
}

func progresses(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	for done := int64(1); done <= 3; done++ {
		if err := run.Progress(done, 3); err != nil {
			return nil, err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return anyjob.Succeed(""), nil
}

func showsSecret(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	token, err := run.Secret("TOKEN")
	if err != nil {
		return nil, err
	}
	quoted, _ := json.Marshal(token)
	run.Log.Printf("plain %s", token)
	run.Log.Printf("%s", base64.StdEncoding.EncodeToString([]byte(token)))
	run.Log.Printf("%s", base64.StdEncoding.EncodeToString([]byte("x"+token)))
	run.Log.Printf("%s", url.QueryEscape(token))
	run.Log.Printf("%s", quoted)
	_, _ = io.WriteString(run.Log, token[:5])
	time.Sleep(100 * time.Millisecond)
	run.Log.Printf("%s", token[5:])
	return anyjob.Succeed(strconv.Itoa(len([]rune(token)))), nil
}

func eatsMemory(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	data := make([]byte, 100_000_000)
	for at := 0; at < len(data); at += 4096 {
		data[at] = 1
	}
	return anyjob.Succeed(strconv.Itoa(len(data))), nil
}

func startsProcesses(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	var children []*exec.Cmd
	for i := 0; i < 40; i++ {
		command := exec.Command("sleep", "0.7")
		if err := command.Start(); err != nil {
			return nil, err
		}
		children = append(children, command)
	}
	for _, command := range children {
		if err := command.Wait(); err != nil {
			return nil, err
		}
	}
	return anyjob.Succeed(""), nil
}

func burns(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
	used := func() float64 {
		var usage syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
	}
	begun, before := time.Now(), used()
	for time.Since(begun) < time.Second {
	}
	return anyjob.Succeed(fmt.Sprintf("%f %f", used()-before, time.Since(begun).Seconds())), nil
}
