package bench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
)

// countInto is the environment variable that makes this program a node that
// counts: it names the file for the number.
const countInto = "CORSGATE_BENCH_COUNT"

// countWith has a CDK app start its jsii kernel through this program, which
// counts the messages to it. jsii takes the program to run the kernel with from
// JSII_NODE.
func countWith(cmd *exec.Cmd, into string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, "JSII_NODE="+self, countInto+"="+into)
	return nil
}

// countMessages runs node with this program's arguments and counts the lines
// of its standard input, of which jsii writes one a message. It returns node's
// exit status.
func countMessages(into string) int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "bench: counting jsii messages:", err)
		return 1
	}
	cmd := exec.Command("node", os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fail(err)
	}
	if err := cmd.Start(); err != nil {
		return fail(err)
	}
	// The app does not wait for this process: each count has to be there
	// before the response can be.
	file, err := os.Create(into)
	if err != nil {
		return fail(err)
	}
	defer file.Close()
	lines := 0
	buffer := make([]byte, 1<<16)
	for {
		n, err := os.Stdin.Read(buffer)
		if more := bytes.Count(buffer[:n], []byte("\n")); more > 0 {
			lines += more
			if _, err := file.WriteAt([]byte(strconv.Itoa(lines)), 0); err != nil {
				return fail(err)
			}
		}
		if _, err := stdin.Write(buffer[:n]); err != nil {
			break // the kernel has ended
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fail(err)
		}
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		return cmd.ProcessState.ExitCode()
	}
	return 0
}
