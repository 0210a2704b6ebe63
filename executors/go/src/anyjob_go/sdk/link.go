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
