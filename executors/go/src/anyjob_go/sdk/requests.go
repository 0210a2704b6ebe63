package anyjob

import (
	"fmt"
	"strconv"
	"time"
)

// What the worker asks of an application, and what it is answered.

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
