package anyjob

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	logChunk      = 32 << 10
	progressPause = 20 * time.Millisecond
)

var errForgotten = errors.New("the worker has ended the run")

// held is a run of a link: all that is to be told of it, until the worker says that its outcome is durable.
type held struct {
	run     *Run
	call    *call
	secrets map[string]string

	mu      sync.Mutex
	changed *sync.Cond
	conn    *conn // where it is told of; nil: nobody has asked on a living connection
	cleaned bool

	log  tail
	sent int64 // of the log, on this connection
	gone int64 // bytes that are lost, and not yet told so

	asks []*ask

	progressed  *[2]int64
	progressing time.Time

	outcome *outcome
	told    bool // the outcome, on this connection
}

// ask is a request that is sent again until it is answered.
type ask struct {
	said map[string]any
	on   *conn
	done chan error
}

func newHeld(run *Run, secrets map[string]string) *held {
	h := &held{run: run, secrets: secrets}
	h.changed = sync.NewCond(&h.mu)
	return h
}

// attach lets the run be told of on the connection, its log from the cursor on.
func (h *held) attach(c *conn, cursor int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conn, h.told = c, false
	if cursor > h.log.end {
		cursor = h.log.end
	}
	h.sent, h.gone = cursor, 0
	if begin := h.log.begin(); h.sent < begin {
		h.sent, h.gone = begin, begin-cursor
	}
	h.changed.Broadcast()
}

func (h *held) detach(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn == c {
		h.conn = nil
		h.changed.Broadcast()
	}
}

// forget ends all telling: the outcome is durable, or the worker has given the run up.
func (h *held) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cleaned = true
	for _, waiting := range h.asks {
		waiting.done <- errForgotten
	}
	h.asks = nil
	h.changed.Broadcast()
}

// end keeps the outcome, and tells it.
func (h *held) end(out *outcome) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.outcome = out
	h.changed.Broadcast()
}

func (h *held) isOver() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.outcome != nil
}

// tell says whatever there is to say, one message after the other, until the run is forgotten.
func (h *held) tell() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for !h.cleaned {
		say := h.next()
		if say == nil {
			h.changed.Wait()
			continue
		}
		c := h.conn
		h.mu.Unlock()
		c.room()
		say()
		h.mu.Lock()
		h.changed.Broadcast() // whoever waits for room
	}
}

// next takes what is due, in order: the log, requests, progress, the outcome.
func (h *held) next() func() {
	c := h.conn
	if c == nil {
		return nil
	}
	if h.gone > 0 {
		text := fmt.Sprintf("[anyjob] %d bytes of log were lost\n", h.gone)
		h.gone = 0
		return h.logged(c, []byte(text), h.sent)
	}
	if h.sent < h.log.end {
		data := h.log.after(h.sent, logChunk)
		h.sent += int64(len(data))
		return h.logged(c, data, h.sent)
	}
	for _, waiting := range h.asks {
		if waiting.on != c {
			waiting.on = c
			return func() { h.send(c, waiting) }
		}
	}
	if h.progressed != nil {
		if wait := progressPause - time.Since(h.progressing); wait <= 0 || h.outcome != nil {
			done, total := h.progressed[0], h.progressed[1]
			h.progressed, h.progressing = nil, time.Now()
			return func() {
				_ = c.send(map[string]any{"type": "progress", "run": h.run.ID, "done": done, "total": total})
			}
		}
	}
	if h.outcome != nil && !h.told {
		h.told = true
		out := h.outcome
		return func() { _ = c.sendLine(resultLine(h.run.ID, out, c.limit)) }
	}
	return nil
}

func (h *held) logged(c *conn, data []byte, cursor int64) func() {
	said := map[string]any{"type": "log", "run": h.run.ID, "source": "app", "cursor": strconv.FormatInt(cursor, 10)}
	if utf8.Valid(data) {
		said["text"] = string(data)
	} else {
		said["base64"] = base64.StdEncoding.EncodeToString(data)
	}
	return func() { _ = c.send(said) }
}

func (h *held) send(c *conn, waiting *ask) {
	said := make(map[string]any, len(waiting.said)+1) // each connection counts its own ids
	for name, value := range waiting.said {
		said[name] = value
	}
	err := c.request(said, func(answer *message) {
		var refused error
		switch answer.Type {
		case "ok":
		case "error":
			refused = errors.New(answer.Message)
		default:
			refused = fmt.Errorf("the worker answers %q", answer.Type)
		}
		h.answered(waiting, refused)
	})
	select {
	case <-c.lost: // it is sent again on the next
	default:
		if err != nil {
			h.answered(waiting, err)
		}
	}
}

func (h *held) answered(waiting *ask, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for at, other := range h.asks {
		if other == waiting {
			h.asks = append(h.asks[:at:at], h.asks[at+1:]...)
			waiting.done <- err
			return
		}
	}
}

// request waits for the answer, over as many connections as it takes.
func (h *held) request(ctx context.Context, said map[string]any) error {
	waiting := &ask{said: said, done: make(chan error, 1)}
	h.mu.Lock()
	if h.cleaned {
		h.mu.Unlock()
		return errForgotten
	}
	h.asks = append(h.asks, waiting)
	h.changed.Broadcast()
	h.mu.Unlock()
	select {
	case err := <-waiting.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ---------------------------------------------------------------- teller

// write waits for room while the worker listens. While nobody does, what is older than the tail is lost.
func (h *held) write(data []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rest := data
	for len(rest) > 0 && !h.cleaned {
		part := rest
		if len(part) > tailBytes {
			part = part[:tailBytes]
		}
		if h.conn != nil {
			room := tailBytes - (h.log.end - h.sent)
			if room <= 0 {
				h.changed.Wait()
				continue
			}
			if int64(len(part)) > room {
				part = part[:room]
			}
		}
		h.log.append(part)
		rest = rest[len(part):]
		h.changed.Broadcast()
	}
	return len(data), nil
}

func (h *held) progress(done, total int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.progressed == nil {
		// Code may call it for every row; people see no more than a few in a second.
		time.AfterFunc(progressPause-time.Since(h.progressing), func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.changed.Broadcast()
		})
	}
	h.progressed = &[2]int64{done, total}
	return nil
}

func (h *held) mapItems(ctx context.Context, items []json.RawMessage, name, key string) error {
	said := map[string]any{"type": "map", "run": h.run.ID, "items": items, "name": name, "key": key}
	return h.request(ctx, said)
}

func (h *held) checkpoint(ctx context.Context, data json.RawMessage) error {
	return h.request(ctx, map[string]any{"type": "checkpoint", "run": h.run.ID, "data": data})
}

func (h *held) secret(name string) (string, error) {
	if value, known := h.secrets[name]; known {
		return value, nil
	}
	return "", noSecret(name)
}

func (h *held) results() ([]TaskResult, error) { return nil, nil }
