package anyjob

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
)

// Register makes the processor serve jobs of the name. It may be called at any time, also after Serve; a name that is
// registered again has the newer one. It panics without a processor, or a name of at most 200 bytes.
func Register(name string, processor Processor) {
	if name == "" || len(name) > longestName || processor == nil {
		panic(fmt.Sprintf("anyjob.Register(%.200q, %v): a processor and a name of 1 to %d bytes are needed", name, processor,
			longestName))
	}
	all.register(name, processor)
}

// RegisterFunc is Register for a function.
func RegisterFunc(name string, process func(ctx context.Context, run *Run) (*Result, error)) {
	if process == nil {
		panic(fmt.Sprintf("anyjob.RegisterFunc(%q, nil): a function is needed", name))
	}
	Register(name, Func(process))
}

// longestName is what a job can say.
const longestName = 200

// all is what this program serves.
var all = &registry{processors: map[string]Processor{}, changed: make(chan struct{})}

type registry struct {
	mu         sync.Mutex
	processors map[string]Processor
	changed    chan struct{} // closed at the next change
}

func (r *registry) register(name string, processor Processor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.processors[name] = processor
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *registry) get(name string) (Processor, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.processors[name], r.changed
}

// wait gives the processor as soon as it is registered; nil: not within the patience.
func (r *registry) wait(name string, patience time.Duration) Processor {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		processor, changed := r.get(name)
		if processor != nil {
			return processor
		}
		select {
		case <-changed:
		case <-late.C:
			return nil
		}
	}
}

// settle waits until nothing was registered for so long.
func (r *registry) settle(quiet time.Duration) {
	for {
		_, changed := r.get("")
		select {
		case <-changed:
		case <-time.After(quiet):
			return
		}
	}
}

func (r *registry) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, 0, len(r.processors))
	for name := range r.processors {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// details tells for each name what can be called of it.
func (r *registry) details() map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := make(map[string]any, len(r.processors))
	for name, processor := range r.processors {
		phases := []string{string(PhaseProcess)}
		if _, ok := processor.(PreProcessor); ok {
			phases = append(phases, string(PhasePre))
		}
		if _, ok := processor.(PostProcessor); ok {
			phases = append(phases, string(PhasePost))
		}
		if _, ok := processor.(Reducer); ok {
			phases = append(phases, string(PhaseReduce))
		}
		_, kill := processor.(Killer)
		told[name] = map[string]any{"phases": phases, "kill": kill}
	}
	return told
}

// missing says that a name is not registered, and which is the nearest.
func (r *registry) missing(name string) string {
	names := r.names()
	if len(names) == 0 {
		return "is not registered in this program, and nothing else is; call Register before Serve"
	}
	said := "is not registered in this program; "
	if near := nearest(name, names); near != "" {
		said += fmt.Sprintf("did you mean %q? ", near)
	}
	const most = 20
	if len(names) > most {
		names = append(names[:most:most], "...")
	}
	return said + "It serves " + strings.Join(names, ", ")
}

// nearest is the name with the fewest changed letters, if those are few.
func nearest(name string, names []string) string {
	best, least := "", len(name)/3+1
	for _, other := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(other), least+1); d <= least {
			if best == "" || d < least {
				best, least = other, d
			}
		}
	}
	return best
}

// distance is Levenshtein's; anything above `most` is `most`.
func distance(a, b string, most int) int {
	if len(a) > 200 || len(b) > 200 {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = smallest(change, row[j]+1, row[j-1]+1)
		}
	}
	return smallest(row[len(b)], most)
}

func smallest(first int, others ...int) int {
	for _, other := range others {
		if other < first {
			first = other
		}
	}
	return first
}
