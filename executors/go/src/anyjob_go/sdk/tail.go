package anyjob

// tailBytes of each run's log are kept, so that a worker that lost them can be told again.
const tailBytes = 256 << 10

// tail is the end of a log. Positions count from the log's beginning.
type tail struct {
	data []byte
	end  int64
}

func (t *tail) begin() int64 { return t.end - int64(len(t.data)) }

func (t *tail) append(data []byte) {
	t.data = append(t.data, data...)
	t.end += int64(len(data))
	if len(t.data) > 2*tailBytes { // not at every write: then each would move all of it
		t.data = append([]byte(nil), t.data[len(t.data)-tailBytes:]...)
	}
}

// after gives at most so many bytes from a position that is still there, in memory of their own.
func (t *tail) after(from int64, most int) []byte {
	part := t.data[from-t.begin():]
	if len(part) > most {
		part = part[:most]
	}
	return append([]byte(nil), part...)
}
