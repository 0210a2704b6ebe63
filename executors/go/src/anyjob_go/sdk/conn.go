package anyjob

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

var (
	pingTime   = 15 * time.Second
	silentTime = 45 * time.Second // without a word, although it was pinged
)

const (
	handshakeTime = 10 * time.Second
	writeTime     = 30 * time.Second
	finishTime    = 2 * time.Second
	longestQueue  = 256 << 10
)

// message is whatever a worker says, and whatever of it has a meaning for an application.
type message struct {
	Type string `json:"type"`
	ID   *int64 `json:"id"`
	Re   *int64 `json:"re"`

	Run     string             `json:"run"`
	Name    string             `json:"name"`
	Facts   json.RawMessage    `json:"facts"`
	Spec    json.RawMessage    `json:"spec"`
	Secrets map[string]string  `json:"secrets"`
	Cursors map[string]*string `json:"cursors"`
	Stage   string             `json:"stage"`

	Protocol int    `json:"protocol"`
	Line     int    `json:"line"`
	Message  string `json:"message"`
	Why      string `json:"why"`
}

var errLong = errors.New("sent a line that is too long")

// conn is one connection to a worker.
type conn struct {
	net   net.Conn
	in    *bufio.Reader
	limit int // bytes of a line, without its end

	out     sync.Mutex
	changed *sync.Cond // of what follows
	queue   []byte     // whole lines that wait
	writing bool
	over    bool

	mu      sync.Mutex
	last    int64
	waiting map[int64]func(*message)

	lost chan struct{}
	once sync.Once
}

func newConn(raw net.Conn) *conn {
	c := &conn{
		net: raw, in: bufio.NewReaderSize(raw, 64<<10), limit: lineBytes,
		waiting: map[int64]func(*message){}, lost: make(chan struct{}),
	}
	c.changed = sync.NewCond(&c.out)
	go c.write()
	return c
}

// close ends the connection; what is written or read meanwhile fails.
func (c *conn) close() {
	c.once.Do(func() {
		close(c.lost)
		c.net.Close()
		c.out.Lock()
		defer c.out.Unlock()
		c.over = true
		c.changed.Broadcast()
	})
}

// finish closes it when all is written, or some seconds have passed.
func (c *conn) finish() {
	_ = c.net.SetWriteDeadline(time.Now().Add(finishTime))
	c.out.Lock()
	for !c.over && (c.writing || len(c.queue) > 0) {
		c.changed.Wait()
	}
	c.out.Unlock()
	c.close()
}

// write is what a goroutine does for as long as there is a connection: all that waits goes out at once.
func (c *conn) write() {
	c.out.Lock()
	defer c.out.Unlock()
	for !c.over {
		if len(c.queue) == 0 {
			c.changed.Wait()
			continue
		}
		lines := c.queue
		c.queue, c.writing = nil, true
		c.out.Unlock()
		_ = c.net.SetWriteDeadline(time.Now().Add(writeTime))
		_, err := c.net.Write(lines)
		if err != nil {
			c.close() // a worker that takes nothing is none
		}
		c.out.Lock()
		c.writing = false
		c.changed.Broadcast()
	}
}

// send puts a message into the queue. It never waits, so the reading goroutine may use it: a worker that asks much and
// reads later must not end in both waiting for each other.
func (c *conn) send(said any) error {
	line, err := json.Marshal(said)
	if err != nil {
		return err
	}
	return c.sendLine(line)
}

func (c *conn) sendLine(line []byte) error {
	if len(line) > c.limit {
		return fmt.Errorf("a message of %d bytes, and at most %d are taken", len(line), c.limit)
	}
	c.out.Lock()
	defer c.out.Unlock()
	if c.over {
		return net.ErrClosed
	}
	c.queue = append(append(c.queue, line...), '\n')
	c.changed.Broadcast()
	return nil
}

// room waits until the queue is short, or the connection over.
func (c *conn) room() {
	c.out.Lock()
	defer c.out.Unlock()
	for !c.over && len(c.queue) > longestQueue {
		c.changed.Wait()
	}
}

// request sends a message with an id of its own. `answered` is called from the reading goroutine, if ever.
func (c *conn) request(said map[string]any, answered func(*message)) error {
	c.mu.Lock()
	c.last++
	id := c.last
	c.waiting[id] = answered
	c.mu.Unlock()
	said["id"] = id
	err := c.send(said)
	if err != nil {
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
	}
	return err
}

func (c *conn) answer(to *message) {
	c.mu.Lock()
	answered := c.waiting[*to.Re]
	delete(c.waiting, *to.Re)
	c.mu.Unlock()
	if answered != nil {
		answered(to)
	}
}

// read gives the next message. Whatever is none is a fault, which ends the connection.
func (c *conn) read(patience time.Duration) (*message, error) {
	_ = c.net.SetReadDeadline(time.Now().Add(patience))
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			continue
		}
		said := &message{}
		if err := json.Unmarshal(line, said); err != nil {
			return nil, fmt.Errorf("sent a line that is no message: %.80q", line)
		}
		return said, nil
	}
}

func (c *conn) line() ([]byte, error) {
	var whole []byte
	for {
		part, err := c.in.ReadSlice('\n')
		if len(whole)+len(part) > c.limit+1 {
			return nil, errLong
		}
		if err == nil {
			part = part[:len(part)-1]
			if whole == nil {
				return part, nil
			}
			return append(whole, part...), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		whole = append(whole, part...)
	}
}
