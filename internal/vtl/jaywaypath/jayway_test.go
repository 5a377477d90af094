package jaywaypath

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// envJayway names a folder with the jars of Jayway's library; .ci/run installs them.
const envJayway = "CORSGATE_JAYWAY"

// jayway asks the library about a document and each path.
func jayway(t *testing.T, documents, paths []string) []string {
	t.Helper()
	jars := os.Getenv(envJayway)
	if jars == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		jars = filepath.Join(cache, "corsgate-jsonpath-2.4.0")
	}
	java, err := exec.LookPath("java")
	if err == nil {
		_, err = os.Stat(jars)
	}
	if err != nil {
		need.Skip(t, err)
	}
	var in strings.Builder
	for i, p := range paths {
		fmt.Fprintf(&in, "%s %s\n", base64.StdEncoding.EncodeToString([]byte(documents[i])), base64.StdEncoding.EncodeToString([]byte(p)))
	}
	cmd := exec.Command(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8", "-cp", filepath.Join(jars, "*"), filepath.Join("testdata", "Driver.java"))
	cmd.Stdin, cmd.Stderr = strings.NewReader(in.String()), os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for lines := bufio.NewScanner(strings.NewReader(string(text))); lines.Scan(); {
		out = append(out, lines.Text())
	}
	if len(out) != len(paths) {
		t.Fatalf("%d answers to %d paths", len(out), len(paths))
	}
	return out
}

// ordered reads JSON into this test's model.
func ordered(t *testing.T, s string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var value func() any
	value = func() any {
		tok, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch tok := tok.(type) {
		case json.Delim:
			if tok == '[' {
				l := []any{}
				for dec.More() {
					l = append(l, value())
				}
				_, _ = dec.Token()
				return l
			}
			o := object{}
			for dec.More() {
				o = append(o, value(), value())
			}
			_, _ = dec.Token()
			return o
		case json.Number:
			if n, err := tok.Int64(); err == nil {
				return n
			}
			f, _ := tok.Float64()
			return f
		}
		return tok
	}
	return value()
}

type drawn struct{ *rand.Rand }

func (d drawn) of(choices ...string) string { return choices[d.IntN(len(choices))] }

func (d drawn) document(depth int) string {
	if depth == 0 {
		return d.of("1", "2", "0", "-1", "2.5", "1.0", `"a"`, `"1"`, `""`, `"true"`, "true", "false", "null", "[]", "{}")
	}
	n := d.IntN(4)
	parts := make([]string, n)
	if d.IntN(2) == 0 {
		for i := range parts {
			parts[i] = d.document(depth - 1)
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	names := []string{"a", "b", "id", "type", "a b", "length"}
	d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i := range parts {
		parts[i] = fmt.Sprintf("%q:%s", names[i], d.document(depth-1))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (d drawn) operand() string {
	return d.of("@", "@.a", "@.a", "@.b", "@.id", "@['a']", "@.a.b", "@[0]", "$.a", "1", "2", "2.5", "-1", "'a'", "'1'", "''", "true", "false", "null", "@.length()", "@.a.length()", "@..a", "@.*")
}

func (d drawn) filter(depth int) string {
	switch d.IntN(10) {
	case 0:
		if depth > 0 {
			return d.filter(depth-1) + d.of(" && ", " || ") + d.filter(depth-1)
		}
	case 1:
		if depth > 0 {
			return "!(" + d.filter(depth-1) + ")"
		}
	case 2:
		return d.of("@.a", "@.b", "@.id", "!@.a", "@.a.b", "@['id']", "@[0]")
	case 3:
		return d.operand() + " " + d.of("in", "nin", "subsetof", "contains", "size", "empty") + " " + d.of("[1,2]", "['a','1']", "[]", "[1,'a',true]", "1", "'a'", "true", "false", "0", "@.b", "@.a")
	case 4:
		return d.operand() + " =~ " + d.of("/a/", "/A/i", "/1/", "/.*/", "/a|1/")
	}
	return d.operand() + d.of(" == ", " != ", " < ", " > ", " <= ", " >= ", "==", ">") + d.operand()
}

func (d drawn) path() string {
	var b strings.Builder
	b.WriteString("$")
	for range d.IntN(4) {
		b.WriteString(d.of(".a", ".b", ".id", "['a']", "['a b']", "['id','type']", "['a','b']", "[0]", "[1]", "[-1]", "[0,1]", "[0:2]", "[1:]", "[:1]", "[-1:]", "[:-1]", "[*]", ".*", "..a", "..*", "..[0]",
			"..['a','b']", "..['a']", "["+"?("+d.filter(1)+")]", "[?("+d.filter(1)+")]", "[?("+d.filter(1)+")]", "..[?("+d.filter(1)+")]"))
	}
	if d.IntN(5) == 0 {
		b.WriteString(d.of(".length()", ".length()", ".size()", ".keys()", ".min()", ".max()", ".sum()", ".avg()", "..length()"))
	}
	return b.String()
}

// TestAgainstJayway holds that whatever is read by a path is what Jayway's library reads; the rest is said not to be known.
func TestAgainstJayway(t *testing.T) {
	d := drawn{rand.New(rand.NewPCG(1, 2))}
	const many = 40_000
	documents, paths := make([]string, many), make([]string, many)
	for i := range many {
		documents[i], paths[i] = d.document(1+d.IntN(3)), d.path()
		for documents[i] == "1" || documents[i][0] != '{' && documents[i][0] != '[' {
			documents[i] = d.document(2)
		}
	}
	answered, filtered, wrong := 0, 0, 0
	for i, answer := range jayway(t, documents, paths) {
		got, _, err := Eval(model{}, ordered(t, documents[i]), paths[i])
		if err != nil {
			continue
		}
		answered++
		if strings.Contains(paths[i], "?") {
			filtered++
		}
		want := "null"
		if answer != "NONE" {
			text, _ := base64.StdEncoding.DecodeString(answer)
			want = string(text)
		}
		text, _ := json.Marshal(got)
		var g, w any
		_ = json.Unmarshal(text, &g)
		_ = json.Unmarshal([]byte(want), &w)
		if answer == "ERR" || !reflect.DeepEqual(g, w) {
			if wrong++; wrong > 25 {
				t.Fatal("and so on")
			}
			t.Errorf("%s of %s: %s, Jayway says %s (%s)", paths[i], documents[i], text, want, answer[:min(4, len(answer))])
		}
	}
	if answered < many/2 || filtered < many/10 {
		t.Errorf("%d answered, %d with a filter", answered, filtered)
	}
	t.Logf("%d answered, %d with a filter", answered, filtered)
}
