package javaregexp

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// drawn has random expressions and texts, of a few characters, so that they meet.
type drawn struct{ *rand.Rand }

func (d drawn) of(choices ...string) string { return choices[d.IntN(len(choices))] }

func (d drawn) expression(depth int) string {
	atom := func() string {
		if depth == 0 {
			return d.of("a", "b", "c", ".", "[ab]", "[^a]", `\d`, "1", "é", `\b`)
		}
		switch d.IntN(12) {
		case 0, 1:
			return "(" + d.expression(depth-1) + ")"
		case 2:
			return "(?:" + d.expression(depth-1) + ")"
		case 3:
			return "(?=" + d.expression(depth-1) + ")"
		case 4:
			return "(?!" + d.expression(depth-1) + ")"
		case 5:
			return "(?<=" + d.expression(depth-1) + ")"
		case 6:
			return "(?<!" + d.expression(depth-1) + ")"
		case 7:
			return "(?>" + d.expression(depth-1) + ")"
		case 8, 9:
			return d.of(`\1`, `\2`, "^", "$")
		}
		return d.of("a", "b", "[ab]")
	}
	var b strings.Builder
	for range 1 + d.IntN(3) {
		b.WriteString(atom() + d.of("", "", "", "*", "+", "?", "{2}", "{1,2}", "*?"))
	}
	if d.IntN(4) == 0 {
		b.WriteString("|" + atom())
	}
	return b.String()
}

func (d drawn) text() string {
	var b strings.Builder
	for range d.IntN(8) {
		b.WriteString(d.of("a", "b", "c", "1", "aa", "ab", "é"))
	}
	return b.String()
}

// TestAgainstJava holds that whatever is answered about an expression and a text is Java's result. The rest is refused.
func TestAgainstJava(t *testing.T) {
	java, err := exec.LookPath("java")
	if err != nil {
		need.Skip(t, err)
	}
	d := drawn{rand.New(rand.NewPCG(1, 2))}
	type pair struct{ re, s string }
	pairs := make([]pair, 30_000)
	var in strings.Builder
	for i := range pairs {
		pairs[i] = pair{d.of("", "", "(?i)") + d.expression(2), d.text()}
		fmt.Fprintf(&in, "%s %s\n", base64.StdEncoding.EncodeToString([]byte(pairs[i].re)), base64.StdEncoding.EncodeToString([]byte(pairs[i].s)))
	}
	cmd := exec.Command(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8", filepath.Join("testdata", "Driver.java"))
	cmd.Stdin, cmd.Stderr = strings.NewReader(in.String()), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(string(out)))
	answered, backtracked, wrong := 0, 0, 0
	for _, p := range pairs {
		if !lines.Scan() {
			t.Fatal("Java said too little")
		}
		re, err := Compile(p.re)
		if err != nil {
			continue
		}
		matches, merr := re.Matches(free{}, p.s)
		all, aerr := re.Replace(free{}, p.s, "<$0>", true)
		pieces, serr := re.Split(free{}, p.s, -1)
		want := strings.Split(lines.Text(), " ")
		if want[0] == "ERR" {
			// What Java does not take, no template does.
			if merr == nil {
				wrong++
				t.Errorf("%s: Java does not take it", p.re)
			}
			continue
		}
		got := []string{fmt.Sprint(matches), base64.StdEncoding.EncodeToString([]byte(all)), base64.StdEncoding.EncodeToString([]byte(strings.Join(pieces, "\x00")))}
		for i, err := range []error{merr, aerr, serr} {
			if err != nil {
				continue
			}
			answered++
			if re.back != nil {
				backtracked++
			}
			if got[i] != want[i] {
				wrong++
				t.Errorf("%q and %q: %d is %q, Java says %q", p.re, p.s, i, got[i], want[i])
			}
		}
		if wrong > 20 {
			t.FailNow()
		}
	}
	if answered < 8_000 || backtracked < 1_500 {
		t.Errorf("%d answered, %d of them by backtracking", answered, backtracked)
	}
	t.Logf("%d answers, %d of them by backtracking", answered, backtracked)
}

// TestBacktrackingEnds holds that a search without an end is refused, and that a template pays for each.
func TestBacktrackingEnds(t *testing.T) {
	re, err := Compile(`(?=a)(?:a|aa)+`)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := re.MatchWhole(strings.Repeat("a", 60) + "b"); err == nil {
		t.Errorf("a search of 2^60 steps: %v", ok)
	}
	p := &purse{5 * searchSteps, 1 << 20}
	if _, err := re.Replace(p, strings.Repeat("aabaa", 6), "", true); !errors.Is(err, errEmpty) {
		t.Errorf("more searches than are paid for: error %v", err)
	}
}
