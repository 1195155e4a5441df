package prober

import (
	"fmt"
	"strings"
	"sync"

	"crosscheck/canary"
)

// phases counts the probes of a run by what they are doing, and says it when the first of
// them enters a phase.
type phases struct {
	say   func(format string, args ...any)
	o     canary.Options
	total int

	mu   sync.Mutex
	in   map[canary.Phase]int
	seen map[canary.Phase]bool
	done int
}

// watched gives options with which the probes of a run are counted.
func (p *prober) watched(o canary.Options, total int) (canary.Options, *phases) {
	f := &phases{say: p.progress, o: o, total: total, in: map[canary.Phase]int{}, seen: map[canary.Phase]bool{}}
	o.Enter = f.enter
	return o, f
}

func (f *phases) enter(from, to canary.Phase) {
	f.mu.Lock()
	first := to != canary.PhaseOver && !f.seen[to]
	f.seen[to] = true
	f.in[from]--
	f.in[to]++
	if to == canary.PhaseOver {
		f.done++
	}
	f.mu.Unlock()
	if first {
		f.say("%s: %s, at most %s each", to, doing[to], f.o.Limit(to))
	}
}

var order = []canary.Phase{canary.PhasePreflight, canary.PhasePut, canary.PhaseWait, canary.PhaseCleanUp}

var doing = map[canary.Phase]string{
	canary.PhasePreflight: "checking that probes can be watched and removed",
	canary.PhasePut:       "putting probes",
	canary.PhaseWait:      "waiting for replicas",
	canary.PhaseCleanUp:   "removing probes on both sides",
}

// tell says how many probes are done, and what the others are doing.
func (f *phases) tell() {
	f.mu.Lock()
	defer f.mu.Unlock()
	var busy []string
	for _, ph := range order {
		if n := f.in[ph]; n > 0 {
			busy = append(busy, fmt.Sprintf("%d in %s", n, ph))
		}
	}
	line := fmt.Sprintf("%d of %d probes done", f.done, f.total)
	if len(busy) > 0 {
		line += ", " + strings.Join(busy, ", ")
	}
	f.say("%s", line)
}
