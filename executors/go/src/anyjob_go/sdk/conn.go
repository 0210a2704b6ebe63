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

const (
	handshakeTime = 10 * time.Second
	pingTime      = 15 * time.Second
	silentTime    = 45 * time.Second // without a word, although it was pinged
	writeTime     = 30 * time.Second
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

	writing sync.Mutex

	mu      sync.Mutex
	last    int64
	waiting map[int64]func(*message)

	lost chan struct{}
	once sync.Once
}

func newConn(raw net.Conn) *conn {
	return &conn{
		net: raw, in: bufio.NewReaderSize(raw, 64<<10), limit: lineBytes,
		waiting: map[int64]func(*message){}, lost: make(chan struct{}),
	}
}

// close ends the connection; what is written or read meanwhile fails.
func (c *conn) close() {
	c.once.Do(func() {
		close(c.lost)
		c.net.Close()
	})
}

// send writes one message as a line. A connection that takes none is over.
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
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.net.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := c.net.Write(append(line, '\n')); err != nil {
		c.close()
		return err
	}
	return nil
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
