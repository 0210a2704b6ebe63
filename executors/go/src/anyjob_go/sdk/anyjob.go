// Package anyjob makes Go functions jobs of anyjob. It needs the standard library alone.
//
//	func main() {
//		anyjob.RegisterFunc("HelloWorld", func(ctx context.Context, run *anyjob.Run) (*anyjob.Result, error) {
//			run.Log.Printf("hello %s", run.Parameters)
//			return anyjob.Succeed("done"), nil
//		})
//		if err := anyjob.Serve(); err != nil {
//			log.Fatal(err)
//		}
//	}
//
// The job says {"jobName": "HelloWorld"} in its Content. How the program is told of runs says the variable ANYJOB_APP,
// which anyjob sets for what it starts, and the operator for an application that dials in; the program is the same.
package anyjob

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Version of the SDK.
const Version = "0.1.0"

// mark stands in every program with the SDK: anyjob looks for it in a file before it asks that for its names.
const mark = "anyjob-go-sdk/" + Version

// Patience is how long a run waits for its name to be registered, for code that registers after Serve was called.
var Patience = 2 * time.Second

// Logf tells what happens to the connection. It may be replaced before Serve.
var Logf = log.New(os.Stderr, "[anyjob] ", log.LstdFlags).Printf

// Serve runs jobs until the program is told to end, by SIGTERM or SIGINT. It is the last call of main: in a process
// that anyjob has started it ends the process. In a larger program use ServeContext.
//
// Before it returns nil, runs that go on are cancelled and their ends told. It returns an error at once when ANYJOB_APP
// is missing or cannot be understood.
func Serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return ServeContext(ctx)
}

// ServeContext is Serve for an application that has more to do: it ends when ctx does, and touches no signal, but for
// those of a process that anyjob has started for one run.
func ServeContext(ctx context.Context) error {
	target := os.Getenv("ANYJOB_APP")
	way, where, _ := strings.Cut(target, ":")
	switch {
	case target == "":
		return fmt.Errorf("ANYJOB_APP is not set: this program runs jobs of anyjob. Let a job start it, or set " +
			"ANYJOB_APP=tcp:HOST:PORT and ANYJOB_APP_TOKEN to connect to a worker")
	case where == "":
	case way == "files":
		os.Exit(serveOwn(where))
	case way == "names":
		os.Exit(serveNames(where, os.Getenv("ANYJOB_APP_WANTS")))
	case way == "unix" || way == "tcp":
		resident := os.Getenv("ANYJOB_APP_RESIDENT") != ""
		if file := os.Getenv("ANYJOB_APP_CRASH"); resident && file != "" {
			keepCrash(file)
		}
		newLink(way, where, resident).serve(ctx)
		if resident {
			os.Exit(0) // the process is anyjob's: nothing of main has to follow
		}
		return nil
	}
	return fmt.Errorf("ANYJOB_APP=%q: write files:FOLDER, unix:PATH or tcp:HOST:PORT", target)
}
