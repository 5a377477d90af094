package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// caption says when and on what the table was measured.
func (b *bench) caption(ctx context.Context) string {
	parts := []string{time.Now().UTC().Format(time.DateOnly), fmt.Sprintf("%d cores", runtime.NumCPU())}
	if gb := memory(); gb > 0 {
		parts = append(parts, fmt.Sprintf("%d GB", gb))
	}
	parts = append(parts, runtime.GOOS+"/"+runtime.GOARCH, runtime.Version())
	if node, err := exec.CommandContext(ctx, "node", "--version").Output(); err == nil {
		parts = append(parts, "Node.js "+strings.TrimSpace(string(node)))
	}
	return strings.Join(parts, ", ") + fmt.Sprintf("; medians of %d turns or more\n\n", b.runs)
}

// memory returns the machine's in GB, or 0 where only Linux would say.
func memory() int {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b)) // MemTotal: 24591360 kB
	if len(fields) < 2 || fields[0] != "MemTotal:" {
		return 0
	}
	kib, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return kib >> 20
}

// The lines between which a file quotes the report.
const (
	begin = "<!-- go run test/bench/run.go --into docs/numbers.md -->\n"
	end   = "<!-- end -->\n"
)

// quote puts the report into a file, instead of the last one.
func quote(file, report string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the report; put it between the lines %q and %q", file, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(file, []byte(before+begin+report+end+after), 0o644)
}
