package readme

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write what commands print into the pages")

// tool builds corsgate once and returns the folder that it is in.
func tool(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "corsgate"), "./apps/corsgate")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// TestBlocks runs the commands of all pages, in order, and holds what they print against what is shown; it parses documents, and looks
// for excerpts where they are from. With -update, it writes what commands print into the pages, but for
// blocks that leave something out.
func TestBlocks(t *testing.T) {
	bin := tool(t)
	for _, page := range executed(t) {
		t.Run(page, func(t *testing.T) {
			s := &session{dir: t.TempDir(), bin: bin}
			shown := text(t, page)
			all := blocks(t, page)
			var written []string
			for _, b := range all {
				written = append(written, s.run(t, b))
			}
			if !*update {
				return
			}
			for i, b := range slices.Backward(all) { // the last first, so that places stay right
				shown = shown[:b.from] + written[i] + shown[b.to:]
			}
			if err := os.WriteFile(filepath.Join(root, page), []byte(shown), 0o666); err != nil {
				t.Error(err)
			}
		})
	}
}

// A session is a page's folder, and what is served in it.
type session struct {
	dir, bin string
	served   string // the address of the API that is served, or ""
}

// run executes a block and returns what its text should be.
func (s *session) run(t *testing.T, b block) string {
	t.Helper()
	for _, d := range b.says {
		switch d.word {
		case "copy":
			from, name, _ := strings.Cut(d.rest, " ")
			s.write(t, name, text(t, from))
		case "serve":
			s.serve(t, d.rest)
		}
	}
	if name, ok := b.directive("file"); ok {
		s.write(t, name, b.text)
	}
	if from, ok := b.directive("from"); ok {
		excerpt(t, b, from)
		return b.text
	}
	if name, ok := b.directive("test"); ok {
		file, function, ok := strings.Cut(name, " ")
		if !ok {
			file, function = "test/readme/*_test.go", name
		}
		if !declares(t, file, function) {
			t.Errorf("%s: there is no test %s", b.at(), name)
		}
		return b.text
	}
	if why, ok := b.directive("not run"); ok {
		if len(why) < 10 {
			t.Errorf("%s: why is it not run?", b.at())
		}
		return b.text
	}
	switch b.language {
	case "console":
		return s.console(t, b)
	case "json":
		if !json.Valid([]byte(b.text)) {
			t.Errorf("%s: it is not JSON", b.at())
		}
	case "yaml":
		var v any
		if err := yaml.Unmarshal([]byte(b.text), &v); err != nil {
			t.Errorf("%s: %v", b.at(), err)
		}
	case "go", "sh": // TestGo, and TestManuals of internal/cli
	default:
		if _, ok := b.directive("file"); !ok {
			t.Errorf("%s: a block in %q is executed by nothing", b.at(), b.language)
		}
	}
	return b.text
}

func (s *session) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// console runs the lines of a block that begin with $, and returns them with what they print. A line of ... stands for lines left out; it is
// kept where what is around it is printed.
func (s *session) console(t *testing.T, b block) string {
	t.Helper()
	var out strings.Builder
	for part := range strings.SplitSeq("\n"+b.text, "\n$ ") {
		if part == "" {
			continue
		}
		if strings.HasPrefix(part, "\n") {
			t.Errorf("%s: it begins with no command", b.at())
			continue
		}
		command, rest := part, ""
		for lines := strings.SplitAfter(part, "\n"); ; lines = lines[1:] {
			if !strings.HasSuffix(lines[0], "\\\n") {
				rest = strings.Join(lines[1:], "")
				command = strings.TrimSuffix(part, rest)
				break
			}
		}
		if rest != "" && !strings.HasSuffix(rest, "\n") {
			rest += "\n"
		}
		printed := s.shell(t, b, command)
		if !fits(rest, printed) {
			if *update && !strings.Contains("\n"+rest, "\n...\n") { // what to leave out is the author's choice
				rest = printed
			} else {
				t.Errorf("%s: $ %s\nprints\n%s\nshown is\n%s", b.at(), command, printed, rest)
			}
		}
		out.WriteString("$ " + strings.TrimSuffix(command, "\n") + "\n" + rest)
	}
	return out.String()
}

// shell returns what a command prints, to standard output and to standard error.
func (s *session) shell(t *testing.T, b block, command string) string {
	t.Helper()
	const shown = "127.0.0.1:4000"
	if s.served != "" {
		command = strings.ReplaceAll(command, shown, s.served)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PATH="+s.bin+":"+os.Getenv("PATH"), "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Errorf("%s: %s: %v", b.at(), command, err)
	}
	text := strings.ReplaceAll(string(out), s.dir+string(filepath.Separator), "")
	if s.served != "" {
		text = strings.ReplaceAll(text, s.served, shown)
	}
	return text
}

// fits reports whether a text is what is shown, in which a line of ... stands for any lines.
func fits(shown, printed string) bool {
	parts := strings.Split("\n"+shown, "\n...\n")
	if len(parts) == 1 {
		return shown == printed
	}
	rest := "\n" + printed
	for i, p := range parts {
		at := strings.Index(rest, p)
		switch {
		case i > 0 && p != "" && i == len(parts)-1:
			if !strings.HasSuffix(rest, "\n"+p) {
				return false
			}
		case at < 0, i == 0 && at != 0:
			return false
		}
		rest = rest[max(at, 0)+len(p):]
	}
	return true
}

// excerpt looks for a block in the file that it is from.
func excerpt(t *testing.T, b block, from string) {
	t.Helper()
	whole := "\n" + text(t, from)
	for part := range strings.SplitSeq(strings.TrimSuffix(b.text, "\n"), "\n...\n") {
		at := strings.Index(whole, "\n"+part+"\n")
		if at < 0 {
			t.Errorf("%s: %s does not have\n%s", b.at(), from, part)
			return
		}
		whole = whole[at+len(part):]
	}
}

// declares reports whether one of the files of the repository has a function.
func declares(t *testing.T, pattern, function string) bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "\nfunc "+function+"(") {
			return true
		}
	}
	return false
}

var address = regexp.MustCompile(`(?m)^API\s+https://(\S+?)/`)

// serve makes corsgate serve a template, until the test ends.
func (s *session) serve(t *testing.T, name string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(s.bin, "corsgate"), "serve", "--invoke", "--template", name, "--tls", "--listen", "127.0.0.1:0", "--page-listen", "127.0.0.1:0")
	cmd.Dir = s.dir
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	var said bytes.Buffer
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		said.Write(buf[:n])
		if m := address.FindSubmatch(said.Bytes()); m != nil {
			s.served = string(m[1])
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, said.Bytes())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
}
