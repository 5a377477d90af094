package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

func TestMain(m *testing.M) {
	if into := os.Getenv(countInto); into != "" { // as main does: this program stands for node
		os.Exit(countMessages(into))
	}
	os.Exit(m.Run())
}

// A printed table is its cells by section, and in that by the first two of a
// row.
type printed map[string]map[string][]string

func read(t *testing.T, text string) printed {
	t.Helper()
	out := printed{}
	section := ""
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
		if len(cells) != columns || !strings.HasPrefix(line, "|") || !strings.HasSuffix(line, "|") {
			t.Fatalf("line %d has %d cells, want %d: %s", i+1, len(cells), columns, line)
		}
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		if i < 2 {
			continue
		}
		if name, ok := strings.CutPrefix(cells[0], "**"); ok {
			section = strings.TrimSuffix(name, "**")
			out[section] = map[string][]string{}
			continue
		}
		key := cells[0] + ", " + cells[1]
		if out[section][key] != nil {
			t.Errorf("two rows are %q", key)
		}
		out[section][key] = cells[2:]
	}
	return out
}

// value reads the number that a cell begins with.
func value(t *testing.T, cell string) float64 {
	t.Helper()
	first, _, _ := strings.Cut(cell, " ")
	v, err := strconv.ParseFloat(strings.ReplaceAll(first, ",", ""), 64)
	if err != nil {
		t.Errorf("%q begins with no number", cell)
	}
	return v
}

// The whole table, in haste: every row is there, every cell is a number, and
// what is a fact is right. No time is looked at.
func TestQuick(t *testing.T) {
	if os.Getenv("CI") == "" {
		t.Skip("it installs what corsgate is compared with, and takes minutes; CI=true runs it")
	}
	need.Programs(t, "go", "node", "npm", "python3")
	var stdout, stderr bytes.Buffer
	if err := run(context.Background(), []string{"--quick"}, &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	caption, text, ok := strings.Cut(stdout.String(), "\n\n")
	if !ok || !strings.Contains(caption, " cores, ") || !strings.HasSuffix(caption, "; medians of 1 turns or more") {
		t.Errorf("the caption is %q", caption)
	}
	got := read(t, text)

	const ms = "above an empty app, ms (ratio to plain CDK in Go), "
	want := map[string]int{}          // how many cells are numbers
	for _, n := range []string{"3"} { // routes
		for _, what := range []string{ms, "resources, ", "template, bytes, "} {
			want["synthesis/"+what+n+" routes"] = len(timedForms())
		}
		want["synthesis/jsii messages, above an empty app's, "+n+" routes"] = len(timedForms()) - 1 // no jsii in JavaScript
		want["corsgate, ms/a template of NewRestApi, "+n+" routes"] = 2
	}
	for _, at := range []string{"3 origins", "300 origins"} {
		want["limits/routes in one stack (and what the next would exceed), "+at] = len(forms(plainJavaScript))
	}
	for _, n := range []string{"10", "20"} {
		want["limits/bytes that an origin of 34 bytes adds, "+n+" routes"] = len(forms(plainJavaScript))
	}
	for _, what := range []string{"allowed", "refused", "preflight"} {
		for _, n := range []string{"3", "100", "10,000"} {
			want["decision as an http.Handler: ns (allocations)/"+what+", "+n+" origins"] = 4
		}
	}
	want["Lambda function/program, bytes, arm64"] = 4
	for _, what := range []string{"from start to asking for an event, ms", "an event over the runtime API, µs", "an event in the process, ns"} {
		want["Lambda function/"+what+", this machine"] = 4
	}
	for _, what := range []string{"allowed", "no origin", "preflight"} {
		want["decision on an event: ns (allocations)/"+what+", this machine"] = 2
	}
	for _, r := range []string{"Node.js", "Python"} {
		for _, what := range []string{"an event of 1 KB both ways, µs", "an event of 100 KB both ways, µs", "from start to asking for an event, ms"} {
			want["wrapper/"+what+", "+r] = 4
		}
		want["wrapper/its memory after events of 100 KB, MB, "+r] = 0 // an aim has it
	}
	want["peers/an event of 1 KB both ways, µs: middy's http-cors, Node.js"] = 4
	want["peers/an event of 1 KB both ways, µs: Powertools, Python"] = 4
	want["reading one template, ms/an API by hand, 3 routes"] = 2
	want["corsgate serve, requests a second/8 clients at once, 3 routes"] = 4
	if runtime.GOOS == "linux" {
		want["corsgate serve, memory in MB/10,000 preflights, this machine"] = 2
	}

	rows := 0
	for section, of := range got {
		if section != "aims" {
			rows += len(of)
		}
	}
	if rows != len(want) {
		t.Errorf("the table has %d rows beside the aims, want %d", rows, len(want))
	}
	for row, n := range want {
		section, key, _ := strings.Cut(row, "/")
		cells := got[section][key]
		if len(cells) < n {
			t.Errorf("there is no row %q", row)
			continue
		}
		for _, c := range cells[:n] {
			value(t, c)
		}
	}
	if t.Failed() {
		t.Fatalf("\n%s", stdout.String())
	}
	checkFacts(t, got)
	checkAims(t, got["aims"])
	if t.Failed() {
		t.Logf("\n%s", stdout.String())
	}
}

// checkFacts checks what is the same on every machine.
func checkFacts(t *testing.T, got printed) {
	t.Helper()
	synthesis, limits := got["synthesis"], got["limits"]
	goColumn, jsColumn := slices.Index(timedForms(), plainForm), slices.Index(timedForms(), plainJavaScript)
	for _, what := range []string{"resources, ", "template, bytes, "} {
		cells := synthesis[what+"3 routes"]
		if cells[goColumn] != cells[jsColumn] {
			t.Errorf("%s3 routes: plain CDK has %s in Go and %s in JavaScript", what, cells[goColumn], cells[jsColumn])
		}
	}
	// A route is a resource, three methods, and two permissions for each of two of them; the rest is the API's and the function's.
	if got := value(t, synthesis["resources, 3 routes"][goColumn]); got != 3*8+8 {
		t.Errorf("3 routes of plain CDK are %v resources, want %d", got, 3*8+8)
	}
	for _, n := range []string{"10", "20"} {
		for i, o := range ours {
			if got := limits["bytes that an origin of 34 bytes adds, "+n+" routes"][i]; got != "35" {
				t.Errorf("an origin adds %s bytes with %s routes of %s, want itself and a comma", got, n, o.name)
			}
		}
	}
	// Resources end the one, the origins in each mapping template the other.
	for row, want := range map[string]float64{"3 origins": 61, "300 origins": 44} {
		if got := value(t, limits["routes in one stack (and what the next would exceed), "+row][len(ours)]); got != want {
			t.Errorf("%v routes of plain CDK fit in one stack with %s, want %v", got, row, want)
		}
	}
	for row, cells := range got["decision as an http.Handler: ns (allocations)"] {
		if !strings.HasSuffix(cells[0], "(1)") {
			t.Errorf("%s: %s, want one allocation", row, cells[0])
		}
	}
}

// checkAims checks that each says whether it is met, and those that need no
// clock.
func checkAims(t *testing.T, aims map[string][]string) {
	t.Helper()
	for aim, cells := range aims {
		if cells[2] != "met" && cells[2] != "**not met**" {
			t.Errorf("%s: %q", aim, cells)
		}
	}
	sure := []string{
		"bytes added to an empty function, arm64",
		"its allocations above theirs, the greatest of these",
		"its allocations, the greatest of these",
	}
	for _, o := range ours {
		sure = append(sure, "what an origin adds to "+o.name+"'s template: itself and a comma, 20 routes")
	}
	for _, aim := range sure {
		if cells := aims[aim]; cells == nil || cells[2] != "met" {
			t.Errorf("%s: %q, want it met", aim, cells)
		}
	}
}

func TestBadCommandLines(t *testing.T) {
	for args, want := range map[string]string{
		"--runs 0":           "want 1 or more",
		"--routes ten":       "want numbers",
		"--routes 0":         "want numbers",
		"--only synthesis,x": "want some of synthesis,limits,decisions,lambda,wrapper,tool",
		"60":                 "it takes flags only",
	} {
		var stdout bytes.Buffer
		err := run(context.Background(), strings.Fields(args), &stdout, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), want) || stdout.Len() > 0 {
			t.Errorf("%s: %v, %s", args, err, stdout.Bytes())
		}
	}
}

func TestQuote(t *testing.T) {
	file := filepath.Join(t.TempDir(), "numbers.md")
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a\n" + begin + "old\n" + end + "b\n")
	for _, report := range []string{"first\n", "second\n"} {
		if err := quote(file, report); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != "a\n"+begin+report+end+"b\n" {
			t.Errorf("%v, got %q", err, got)
		}
	}
	write("a\n" + begin)
	if err := quote(file, "x"); err == nil || !strings.Contains(err.Error(), "has no place for the report") {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "a\n"+begin {
		t.Errorf("%v, a file without a place became %q", err, got)
	}
}

// docs/numbers.md has a place for the report.
func TestPage(t *testing.T) {
	b, err := os.ReadFile("../../docs/numbers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), begin)
	report, _, ok2 := strings.Cut(rest, end)
	_, text, ok3 := strings.Cut(report, "\n\n")
	if !ok || !ok2 || !ok3 {
		t.Fatal("no report between the lines for it")
	}
	if got := read(t, text); len(got["aims"]) == 0 {
		t.Error("the report in docs/numbers.md has no aims")
	}
}

func TestUnfit(t *testing.T) {
	for want, f := range map[string]facts{
		"":                {resources: 500, bytes: 1_000_000},
		"501 resources":   {resources: 501, bytes: 1_000_001},
		"1,000,001 bytes": {resources: 500, bytes: 1_000_001},
	} {
		if got := f.unfit(); got != want {
			t.Errorf("%+v: got %q, want %q", f, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for want, x := range map[string]float64{
		"0": 0, "7": 7, "0.005": 0.005, "0.87": 0.874, "2.10": 2.1, "45.7": 45.67, "1,235": 1234.6, "-1,235": -1234.6, "1,000,000": 1e6, "-0.27": -0.27,
	} {
		if got := number(x); got != want {
			t.Errorf("%v: got %s, want %s", x, got, want)
		}
	}
	turns := []float64{4, 1, 3, 2}
	if got := median(turns); got != 2.5 {
		t.Errorf("the median is %v", got)
	}
	if got := quantile(turns, 0.25); got != 1.75 {
		t.Errorf("the quartile is %v", got)
	}
	if got := ratio([]float64{2, 30, 4}, []float64{1, 10, 1}); got != 3 {
		t.Errorf("the ratio is %v", got)
	}
}

// BenchmarkDecision is what the section "decisions" measures, for a profiler:
//
//	go test ./test/bench -run '^$' -bench 'Decision/3/allowed' -cpuprofile cpu.out
func BenchmarkDecision(b *testing.B) {
	for _, n := range []int{3, 100, 10_000} {
		contenders, questions, err := match(n)
		if err != nil {
			b.Fatal(err)
		}
		for _, q := range questions {
			for _, c := range contenders {
				b.Run(fmt.Sprintf("%d/%s/%s", n, q.name, c.name), func(b *testing.B) {
					b.ReportAllocs()
					s := &sink{header: http.Header{}}
					for b.Loop() {
						s.ask(c, q, 1)
					}
					if err := s.check(c, q); err != nil {
						b.Fatal(err)
					}
				})
			}
		}
	}
}
