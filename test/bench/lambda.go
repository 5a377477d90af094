package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/gohandler"
)

const corslambda = "constructs/corslambda"

// lambda measures what corslambda adds to an empty function.
func (b *bench) lambda(ctx context.Context) error {
	b.table.section("Lambda function", "", "empty", "with corslambda", "added", "ratio")
	if err := b.binaries(ctx); err != nil {
		return err
	}
	if err := b.processes(ctx); err != nil {
		return err
	}
	return b.events(ctx)
}

// programs are an empty function and the same one with corslambda.
var programs = []string{"empty", "wrapped"}

// handlers compiles both as corsfunction does.
func (b *bench) handlers(ctx context.Context, env ...string) (files []string, err error) {
	for _, p := range programs {
		file := filepath.Join(b.dir, strings.Join(append(env, p), "-"))
		args := append([]string{"build", "-o", file}, gohandler.Flags(gohandler.NoRPC)...)
		cmd := exec.CommandContext(ctx, "go", append(args, module+corslambda+"/testdata/"+p)...)
		cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
		if _, err := output(cmd); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// binaries compares sizes.
func (b *bench) binaries(ctx context.Context) error {
	files, err := b.handlers(ctx, "GOOS=linux", "GOARCH=arm64")
	if err != nil {
		return err
	}
	var sizes []float64
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return err
		}
		sizes = append(sizes, float64(info.Size()))
	}
	b.compared("program, bytes", "arm64", sizes[:1], sizes[1:])
	b.atMost("bytes added to an empty function", "arm64", sizes[1]-sizes[0], 262_144, "")
	return nil
}

// compared adds a row of two things that were measured in turns.
func (b *bench) compared(what, at string, empty, wrapped []float64) {
	b.table.row(what, at, number(median(empty)), number(median(wrapped)), number(median(minus(wrapped, empty))), number(ratio(wrapped, empty)))
}

// processes compares how long both take to start and to response.
func (b *bench) processes(ctx context.Context) error {
	files, err := b.handlers(ctx)
	if err != nil {
		return err
	}
	dir, err := output(exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", module+corslambda))
	if err != nil {
		return err
	}
	event, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "event.json"))
	if err != nil {
		return err
	}
	starts, events := make([][]float64, len(files)), make([][]float64, len(files))
	for turn := range b.runs * 10 {
		for k := range files {
			i := (k + turn) % len(files)
			start, each, _, err := invoke(ctx, []string{files[i]}, nil, event)
			if err != nil {
				return err
			}
			starts[i] = append(starts[i], float64(start)/float64(time.Millisecond))
			events[i] = append(events[i], float64(each)/float64(time.Microsecond))
		}
	}
	b.compared("from start to asking for an event, ms", "this machine", starts[0], starts[1])
	b.compared("an event over the runtime API, µs", "this machine", events[0], events[1])
	// What differs less than the turns among themselves cannot be measured.
	added := minus(starts[1], starts[0])
	low, high := quantile(added, 0.25), quantile(added, 0.75)
	b.aims = append(b.aims, aim{"added to start-up, ms: the middle half of the turns", "this machine",
		fmt.Sprintf("%s to %s", number(low), number(high)), "holds 0, so not measurable", low <= 0 && high >= 0})
	return nil
}

// invoke starts a function against a stub of the Lambda runtime API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) and gives
// the time until it asks for an event, and that from one event to the next, and the MB
// of memory that the process has at the end, or 0 where only Linux would say.
func invoke(ctx context.Context, command, env []string, event []byte) (start, each time.Duration, mb float64, err error) {
	const warm, counted = 20, 200
	var first, from time.Time
	given := 0
	done := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		switch given {
		case 0:
			first = time.Now()
		case warm:
			from = time.Now()
		case warm + counted:
			each = time.Since(from) / counted
			close(done)
			<-r.Context().Done() // the process is ended here
			return
		}
		given++
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", strconv.Itoa(given))
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10))
		w.Write(event)
	})
	failed := make(chan string, 1)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("kind") != "response" {
			select {
			case failed <- r.URL.Path:
			default:
			}
		}
		w.WriteHeader(http.StatusAccepted)
	})
	api := httptest.NewServer(mux)
	defer api.Close()

	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(append(os.Environ(), env...), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(api.URL, "http://"))
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-done:
		mb = resident(cmd.Process.Pid)
		cmd.Process.Kill()
		<-ended
		return first.Sub(begun), each, mb, nil
	case err := <-ended:
		return 0, 0, 0, fmt.Errorf("%s ended: %v", command, err)
	case what := <-failed:
		cmd.Process.Kill()
		<-ended
		return 0, 0, 0, fmt.Errorf("%s failed: %s", command, what)
	}
}

// resident returns the memory of a process in MB.
func resident(pid int) float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	var kb float64
	fmt.Sscan(rest, &kb) // 0 where there is none
	return kb / 1024
}

// events compares, in the process, what is done with an event. What decides is
// internal to corslambda, so its own benchmarks are run.
func (b *bench) events(ctx context.Context) error {
	program := filepath.Join(b.dir, "corslambda.test")
	if _, err := output(exec.CommandContext(ctx, "go", "test", "-c", "-o", program, module+corslambda)); err != nil {
		return err
	}
	// Short turns, and many: what they are compared by is in the same turn.
	turns, benchtime := 10*b.runs, "10ms"
	if b.quick {
		turns, benchtime = 1, "1000x"
	}
	ns, allocations := map[string][]float64{}, map[string]float64{}
	for range turns {
		out, err := output(exec.CommandContext(ctx, program, "-test.run=^$", "-test.bench=^Benchmark(DecodeEvent|Decide|Wrap)$", "-test.benchtime="+benchtime))
		if err != nil {
			return err
		}
		for _, m := range benchmarkLine.FindAllStringSubmatch(string(out), -1) {
			t, err1 := strconv.ParseFloat(m[2], 64)
			n, err2 := strconv.ParseFloat(m[3], 64)
			if err := errors.Join(err1, err2); err != nil {
				return err
			}
			ns[m[1]] = append(ns[m[1]], t)
			allocations[m[1]] = n
		}
	}
	names := []string{"Decide/allowed", "Decide/no_origin", "Decide/preflight"}
	for _, name := range append(names, "DecodeEvent", "Wrap/bare", "Wrap/wrapped") {
		if len(ns[name]) != turns {
			return fmt.Errorf("corslambda's Benchmark%s ran %d times, want %d", name, len(ns[name]), turns)
		}
	}
	b.compared("an event in the process, ns", "this machine", ns["Wrap/bare"], ns["Wrap/wrapped"])
	b.table.section("decision on an event: ns (allocations)", "", "decoding", "decision", "", "ratio")
	cell := func(name string) string {
		return fmt.Sprintf("%s (%.0f)", number(median(ns[name])), allocations[name])
	}
	greatest, allocated := 0.0, 0.0
	for _, name := range names {
		r := ratio(ns[name], ns["DecodeEvent"])
		greatest, allocated = max(greatest, r), max(allocated, allocations[name])
		b.table.row(strings.ReplaceAll(strings.TrimPrefix(name, "Decide/"), "_", " "), "this machine", cell("DecodeEvent"), cell(name), "", number(r))
	}
	b.atMost("decision on an event, of that event's decoding", "the greatest of these", 100*greatest, 1, " %")
	b.atMost("its allocations", "the greatest of these", allocated, 0, "")
	return nil
}

// benchmarkLine is one of go test -bench: name, nanoseconds, allocations.
var benchmarkLine = regexp.MustCompile(`(?m)^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op\s+\d+ B/op\s+(\d+) allocs/op$`)
