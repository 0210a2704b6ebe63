package anyjob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
	endingTime   = 10 * time.Second
	announceTime = 10 * time.Millisecond
	longestHello = 1 << 20
	longestApp   = 200
)

// idleTime is how long a resident stays without connection and run.
var idleTime = 60 * time.Second

var errRefused = errors.New("refused")

// link is an application's way to a worker: one connection at a time, dialled again for ever, and runs that outlive it.
type link struct {
	network, address string
	token, id, app   string
	resident         bool   // a process that anyjob has started, and that ends when nobody needs it
	told             string // why there is no connection, as it was last said

	mu     sync.Mutex
	conn   *conn // the one that was welcomed last
	held   map[string]*held
	going  int // calls whose code has not returned, also of runs that are forgotten
	ending bool
	busy   time.Time // when there was last a connection or a call
}

func newLink(network, address string, resident bool) *link {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		panic(err)
	}
	app := filepath.Base(os.Args[0])
	if name := os.Getenv("ANYJOB_APP_NAME"); name != "" {
		app = name
	}
	if runes := []rune(app); len(runes) > longestApp {
		app = string(runes[:longestApp])
	}
	return &link{
		network: network, address: address, resident: resident, token: os.Getenv("ANYJOB_APP_TOKEN"), id: hex.EncodeToString(id), app: app,
		held: map[string]*held{}, busy: time.Now(),
	}
}

// serve keeps the connection until ctx ends, or, for a resident, nobody has needed it for long.
func (l *link) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if l.resident {
		go l.endWhenIdle(ctx, cancel)
	}
	go l.keep(ctx)
	<-ctx.Done()
	l.drain()
}

// keep dials, again and again.
func (l *link) keep(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		welcome, err := l.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if welcome {
			pause = firstPause
		}
		if errors.Is(err, errRefused) {
			pause = longestPause
		}
		wait := randomly(pause)
		if why := err.Error(); why != l.told { // not for each dial: an application may be without a worker for days
			l.told = why
			Logf("%s %s: %s; dialling again in %v, and so on", l.network, l.address, why, wait.Round(time.Millisecond))
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		if pause *= 2; pause > longestPause {
			pause = longestPause
		}
	}
}

// randomly is at most the pause: the worker waits for one that dials again for a little longer than the longest.
func randomly(pause time.Duration) time.Duration {
	return pause/2 + time.Duration(mathrand.Int63n(int64(pause/2)+1))
}

// connect is one connection from its dial to its end; whether it was welcome, and why it ended.
func (l *link) connect(ctx context.Context) (bool, error) {
	dialer := net.Dialer{Timeout: handshakeTime}
	raw, err := dialer.DialContext(ctx, l.network, l.address)
	if err != nil {
		return false, err
	}
	c := newConn(raw)
	defer c.close()
	told, err := l.greet(c)
	if err != nil {
		return false, err
	}
	if err := l.welcomed(c); err != nil {
		return false, err
	}
	l.mu.Lock()
	l.conn = c
	l.mu.Unlock()
	defer l.left(c)
	if l.told != "" {
		l.told = ""
		Logf("%s %s: connected", l.network, l.address)
	}
	go announce(c, told)
	go ping(c)
	for {
		said, err := c.read(silentTime)
		if errors.Is(err, io.EOF) {
			return true, errors.New("the worker has closed the connection")
		}
		if err != nil {
			return true, fmt.Errorf("the worker %w", err)
		}
		if said.Type == "bye" {
			return true, errors.New("the worker has ended")
		}
		l.hear(c, said)
	}
}

// greet says hello. It gives the number of names that were told: none, where all of them make the line too long.
func (l *link) greet(c *conn) (int, error) {
	hello, names := l.hello(), all.names()
	hello["names"], hello["details"] = names, all.details()
	line, err := json.Marshal(hello)
	if err == nil && len(line) > longestHello {
		names = []string{}
		hello["names"], hello["details"] = names, map[string]any{}
		line, err = json.Marshal(hello)
	}
	if err != nil {
		return 0, err
	}
	return len(names), c.sendLine(line)
}

func (l *link) hello() map[string]any {
	l.mu.Lock()
	runs := make([]string, 0, len(l.held))
	for name := range l.held {
		runs = append(runs, name)
	}
	l.mu.Unlock()
	return map[string]any{
		"type": "hello", "protocols": []int{1}, "role": "app", "software": mark, "job_type": "go", "token": l.token,
		"id": l.id, "app": l.app, "runs": runs,
	}
}

func (l *link) welcomed(c *conn) error {
	for {
		said, err := c.read(handshakeTime)
		if err != nil {
			return fmt.Errorf("no welcome: %w", err)
		}
		switch said.Type {
		case "welcome":
			if said.Line > 0 && said.Line < c.limit {
				c.limit = said.Line
			}
			return nil
		case "refused":
			return fmt.Errorf("%w: %s", errRefused, said.Why)
		}
	}
}

func (l *link) left(c *conn) {
	l.mu.Lock()
	if l.conn == c {
		l.conn = nil
	}
	l.busy = time.Now()
	runs := make([]*held, 0, len(l.held))
	for _, h := range l.held {
		runs = append(runs, h)
	}
	l.mu.Unlock()
	for _, h := range runs {
		h.detach(c)
	}
}

// announce tells of names that are registered while the connection lasts; so many are told.
func announce(c *conn, told int) {
	_, changed := all.get("")
	for {
		if names := all.names(); len(names) != told {
			told = len(names)
			_ = c.send(map[string]any{"type": "names", "names": names, "details": all.details()})
		}
		select {
		case <-c.lost:
			return
		case <-changed:
		}
		time.Sleep(announceTime) // main registers one after the other
		_, changed = all.get("")
	}
}

func ping(c *conn) {
	tick := time.NewTicker(pingTime)
	defer tick.Stop()
	for {
		select {
		case <-c.lost:
			return
		case <-tick.C:
			_ = c.request(map[string]any{"type": "ping"}, func(*message) {})
		}
	}
}

// endWhenIdle ends a resident that has had neither connection nor run for long.
func (l *link) endWhenIdle(ctx context.Context, end func()) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.mu.Lock()
			if l.conn != nil || l.going > 0 || len(l.held) > 0 {
				l.busy = time.Now()
			}
			idle := time.Since(l.busy)
			l.mu.Unlock()
			if idle >= idleTime {
				Logf("neither a connection nor a run for %v: ending", idleTime)
				end()
				return
			}
		}
	}
}

// ---------------------------------------------------------------- what the worker asks

func (l *link) hear(c *conn, said *message) {
	if said.Re != nil {
		c.answer(said)
		return
	}
	if said.ID == nil {
		return // of a later protocol
	}
	id := *said.ID
	switch said.Type {
	case "start":
		l.start(c, id, said)
	case "watch":
		h := l.find(said.Run)
		if h == nil {
			refuse(c, id, "the run is not held here")
			return
		}
		ok(c, id, nil)
		h.attach(c, cursorOf(said))
	case "stop":
		l.stop(c, id, said)
	case "find":
		ok(c, id, map[string]any{"held": l.find(said.Run) != nil})
	case "clean":
		l.mu.Lock()
		h := l.held[said.Run]
		delete(l.held, said.Run)
		l.mu.Unlock()
		if h != nil {
			h.forget()
		}
		ok(c, id, nil)
	case "ping":
		ok(c, id, nil)
	default:
		_ = c.send(map[string]any{"type": "unsupported", "re": id})
	}
}

func ok(c *conn, id int64, fields map[string]any) {
	said := map[string]any{"type": "ok", "re": id}
	for name, value := range fields {
		said[name] = value
	}
	_ = c.send(said)
}

func refuse(c *conn, id int64, why string, problems ...map[string]any) {
	said := map[string]any{"type": "error", "re": id, "message": why}
	if len(problems) > 0 {
		said["problems"] = problems
	}
	_ = c.send(said)
}

func cursorOf(said *message) int64 {
	if text := said.Cursors["app"]; text != nil {
		if cursor, err := strconv.ParseInt(*text, 10, 64); err == nil && cursor > 0 {
			return cursor
		}
	}
	return 0
}

func (l *link) find(run string) *held {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[run]
}

func (l *link) start(c *conn, id int64, said *message) {
	run, err := newRun(said.Run, said.Facts, said.Spec)
	if err != nil {
		refuse(c, id, err.Error())
		return
	}
	if said.Name != "" {
		run.Name = said.Name
	}
	if processor, _ := all.get(run.Name); processor != nil {
		l.begin(c, id, run, said.Secrets, processor)
		return
	}
	go func() { // other requests go on meanwhile
		if processor := all.wait(run.Name, Patience); processor != nil {
			l.begin(c, id, run, said.Secrets, processor)
			return
		}
		why := all.missing(run.Name)
		problem := map[string]any{"field": "Content.jobName", "value": run.Name, "remedy": why}
		refuse(c, id, fmt.Sprintf("jobName %q %s", run.Name, why), problem)
	}()
}

// begin starts the code, unless the worker that asked is gone: the next one asks whether the run is held, and must be
// able to believe the answer.
func (l *link) begin(c *conn, id int64, run *Run, secrets map[string]string, processor Processor) {
	l.mu.Lock()
	if l.held[run.ID] != nil {
		l.mu.Unlock()
		ok(c, id, nil)
		return
	}
	if l.ending || l.conn != c {
		l.mu.Unlock()
		// Nothing was begun: another program may take the run.
		_ = c.send(map[string]any{"type": "error", "re": id, "message": "this program is ending", "ending": true})
		return
	}
	h := newHeld(run, secrets)
	h.call = newCall(run, processor, h)
	l.held[run.ID] = h
	l.going++
	l.mu.Unlock()
	ok(c, id, nil)
	select {
	case <-c.lost:
	default:
		h.attach(c, 0)
	}
	go h.tell()
	go func() {
		out := h.call.execute(100 * time.Millisecond)
		h.end(out)
		l.mu.Lock()
		l.going--
		l.busy = time.Now()
		l.mu.Unlock()
	}()
}

// stop asks, and says how things stand. A goroutine cannot be ended from outside.
func (l *link) stop(c *conn, id int64, said *message) {
	h := l.find(said.Run)
	if h == nil {
		refuse(c, id, "the run is not held here")
		return
	}
	report := stopReport{Strength: "ASKED", Evidence: []evidence{}, Survivors: []string{}}
	if h.isOver() {
		report.Strength, report.By = "REPORTED", h.call.method()+" has returned"
		ok(c, id, map[string]any{"stop": report})
		return
	}
	h.call.ask(ErrStopped, "the worker asked for the end")
	report.By = "context cancelled"
	if _, kills := h.call.processor.(Killer); kills {
		report.By = "context cancelled and Kill called"
	}
	if said.Stage == "FORCE" {
		text := fmt.Sprintf("goroutine of %s: %s has not returned, and nothing outside can end it", l.app, h.call.method())
		report.Survivors = append(report.Survivors, text)
	}
	ok(c, id, map[string]any{"stop": report})
}

// drain ends the runs, tells of it, and closes: the program has to go.
func (l *link) drain() {
	l.mu.Lock()
	l.ending = true
	c := l.conn
	runs := make([]*held, 0, len(l.held))
	for _, h := range l.held {
		runs = append(runs, h)
	}
	l.mu.Unlock()
	patience := endingTime
	for _, h := range runs {
		h.call.ask(ErrEnding, "the program is told to end")
		if h.run.Grace > patience {
			patience = h.run.Grace
		}
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		l.mu.Lock()
		left, going, lost := len(l.held), l.going, l.conn == nil
		l.mu.Unlock()
		if left == 0 || lost && going == 0 {
			break
		}
	}
	if c != nil {
		c.finish()
	}
}
