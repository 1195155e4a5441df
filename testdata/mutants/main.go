// Command mutants tests the tests: it changes the code of packages in small ways,
// one at a time, and counts the changes that some test notices.
//
//	go run ./testdata/mutants [flags] PACKAGE...
//
// All mutants of all packages are compiled once, into one overlay: each point that
// can be changed asks an environment variable whether it is the one. Each test runs
// once by itself to see which points it reaches; then, for each mutant, the tests
// that reach it run until one fails. See docs/testing.md.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.tests, "tests", "", "more packages whose tests count, separated by commas")
	flag.StringVar(&o.known, "equivalent", "testdata/mutants/equivalent.txt", "file of mutants that change nothing")
	flag.IntVar(&o.sample, "sample", 0, "judge so many mutants, chosen at random; 0 judges all")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the sample")
	flag.IntVar(&o.workers, "p", 2, "mutants judged at a time")
	flag.DurationVar(&o.slow, "slow", 0, "leave out tests that take longer than this; 0 leaves out none")
	flag.Parse()
	o.packages = flag.Args()
	r, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	r.print(os.Stdout)
}

type options struct {
	packages        []string
	tests, known    string
	sample, workers int
	seed            uint64
	slow            time.Duration
	dir             string // where the go command runs; "" is here
}

// pkg is a package as the go command lists it.
type pkg struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	TestGoFiles             []string
	XTestGoFiles            []string
}

// test is one test function in the binary of its package.
type test struct {
	binary, dir, name string
	flags             []string
	lasts             time.Duration
}

type outcome uint8

const (
	uncovered outcome = iota
	skipped           // not in the sample
	killed
	survived
	equivalent
)

// results are what became of each mutant.
type results struct {
	mutants  []mutant
	outcomes []outcome
	reasons  []string
	notes    []string
}

func run(o options) (*results, error) {
	targets, err := list(o.dir, o.packages)
	if err != nil {
		return nil, err
	}
	testing := targets
	if o.tests != "" {
		more, err := list(o.dir, strings.Split(o.tests, ","))
		if err != nil {
			return nil, err
		}
		for _, p := range more {
			if !slices.ContainsFunc(testing, func(q pkg) bool { return q.ImportPath == p.ImportPath }) {
				testing = append(testing, p)
			}
		}
	}
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	set, err := instrument(o.dir, targets)
	if err != nil {
		return nil, err
	}
	r := &results{}
	tests, err := build(o, set, testing, work, r)
	if err != nil {
		return nil, err
	}
	r.mutants, r.outcomes, r.reasons = set.mutants, make([]outcome, len(set.mutants)), make([]string, len(set.mutants))
	reached := reach(o, tests, len(set.mutants), work, r)
	known, err := readKnown(o.known)
	if err != nil {
		return nil, err
	}
	var todo []int
	for id := range set.mutants {
		switch reason, is := known[set.mutants[id].key()]; {
		case is:
			r.outcomes[id], r.reasons[id] = equivalent, reason
		case len(reached[id]) > 0:
			r.outcomes[id] = skipped
			todo = append(todo, id)
		}
	}
	if o.sample > 0 && o.sample < len(todo) {
		rng := rand.New(rand.NewPCG(o.seed, 0))
		rng.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
		todo = todo[:o.sample]
	}
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(1, o.workers) {
		wg.Go(func() {
			for id := range next {
				r.outcomes[id] = judge(id, reached[id])
			}
		})
	}
	for i, id := range todo {
		if i%50 == 0 {
			fmt.Fprintf(os.Stderr, "%d of %d mutants\n", i, len(todo))
		}
		next <- id
	}
	close(next)
	wg.Wait()
	return r, nil
}

func list(dir string, patterns []string) ([]pkg, error) {
	out, err := command(dir, append([]string{"list", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

func command(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, stderr.String())
	}
	return string(out), nil
}

// place is the position of a fault that the compiler found in changed code.
var place = regexp.MustCompile(`(?m)^([^\s:]+\.go):(\d+):\d+: .*$`)

// build compiles the test binaries. A point that does not compile when it is
// instrumented is left as it is.
func build(o options, set *mutantSet, testing []pkg, work string, r *results) ([]test, error) {
	overlay := filepath.Join(work, "overlay.json")
	var tests []test
	for i, p := range testing {
		if len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
			continue
		}
		binary := filepath.Join(work, strconv.Itoa(i)+".test")
		for attempt := 0; ; attempt++ {
			if err := set.write(work, overlay); err != nil {
				return nil, err
			}
			_, err := command(o.dir, "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, p.ImportPath)
			if err == nil {
				break
			}
			dropped := false
			for _, m := range place.FindAllStringSubmatch(err.Error(), -1) {
				line, _ := strconv.Atoi(m[2])
				if set.drop(m[1], line) {
					dropped = true
					r.notes = append(r.notes, "not instrumented: "+m[0])
				}
			}
			if !dropped || attempt > 20 {
				return nil, err
			}
			tests = nil // binaries before this one have points that are gone: all of them once more
			return build(o, set, testing, work, r)
		}
		cmd := exec.Command(binary, "-test.list", "^(Test|Example|Fuzz)")
		cmd.Dir = p.Dir
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.ImportPath, err)
		}
		// Properties keep what made them fail, for the next time; what a mutant does is not worth it.
		var flags []string
		quiet := exec.Command(binary, "-test.list", "^$", "-rapid.nofailfile")
		if quiet.Dir = p.Dir; quiet.Run() == nil {
			flags = []string{"-rapid.nofailfile"}
		}
		for _, name := range strings.Fields(string(out)) {
			tests = append(tests, test{binary: binary, dir: p.Dir, name: name, flags: flags})
		}
	}
	return tests, nil
}

// reach runs each test by itself, without any mutant, and gives the tests that
// reach each one, the fastest first.
func reach(o options, tests []test, n int, work string, r *results) [][]*test {
	reached := make([][]*test, n)
	for i := range tests {
		t := &tests[i]
		file := filepath.Join(work, "reached")
		_ = os.Remove(file)
		start := time.Now()
		err := t.run(10*time.Minute, []string{t.name}, "MUTANTS_REACHED="+file)
		t.lasts = time.Since(start)
		if err != nil {
			r.notes = append(r.notes, fmt.Sprintf("left out: %s fails without any mutant: %v", t.name, err))
			continue
		}
		if o.slow > 0 && t.lasts > o.slow {
			r.notes = append(r.notes, fmt.Sprintf("left out: %s takes %s", t.name, t.lasts.Round(time.Millisecond)))
			continue
		}
		f, err := os.Open(file)
		if err != nil {
			continue // it reaches none
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			if id, err := strconv.Atoi(s.Text()); err == nil && !slices.Contains(reached[id], t) {
				reached[id] = append(reached[id], t)
			}
		}
		_ = f.Close()
	}
	for _, list := range reached {
		slices.SortStableFunc(list, func(a, b *test) int { return int(a.lasts - b.lasts) })
	}
	return reached
}

// judge runs the tests that reach a mutant, those of one binary and of about one
// duration together, until one fails.
func judge(id int, tests []*test) outcome {
	for len(tests) > 0 {
		first, n := tests[0], 1
		total := first.lasts
		names := []string{first.name}
		for ; n < len(tests) && tests[n].binary == first.binary && total < time.Second; n++ {
			total += tests[n].lasts
			names = append(names, tests[n].name)
		}
		if err := first.run(5*time.Second+5*total, names, "MUTANTS_ID="+strconv.Itoa(id)); err != nil {
			return killed
		}
		tests = tests[n:]
	}
	return survived
}

func (t *test) run(limit time.Duration, names []string, env string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, t.binary, append([]string{
		"-test.run", "^(" + strings.Join(names, "|") + ")$", "-test.failfast", "-test.timeout", limit.String(),
	}, t.flags...)...)
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), env)
	return cmd.Run()
}

// readKnown reads the mutants that change nothing: "key | reason" on each line.
func readKnown(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	known := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndex(line, " | ")
		if i < 0 {
			return nil, fmt.Errorf("%s: no reason in %q", file, line)
		}
		known[line[:i]] = line[i+3:]
	}
	return known, err
}

func (r *results) count(o outcome) (n int) {
	for _, is := range r.outcomes {
		if is == o {
			n++
		}
	}
	return n
}

func (r *results) print(w io.Writer) {
	for id, m := range r.mutants {
		if r.outcomes[id] == survived {
			fmt.Fprintf(w, "%s:%d: %s\n\t%s\n", m.file, m.line, m.change, m.key())
		}
	}
	for _, n := range r.notes {
		fmt.Fprintln(w, n)
	}
	dead, alive := r.count(killed), r.count(survived)
	fmt.Fprintf(w, "%d mutants: %d reached by no test, %d equivalent, %d not judged; of %d judged %d killed, %d survived: score %.1f %%\n",
		len(r.mutants), r.count(uncovered), r.count(equivalent), r.count(skipped), dead+alive, dead, alive, 100*float64(dead)/float64(max(1, dead+alive)))
}
