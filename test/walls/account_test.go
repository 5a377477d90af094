package walls

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestAccountReaders holds that an AWS account is talked to from a few packages alone: through internal/inspect/awsread, which
// refuses whatever is no read, by those that know a service, and by the tool.
func TestAccountReaders(t *testing.T) {
	const sdk, smithy = "github.com/aws/aws-sdk-go-v2/", "github.com/aws/smithy-go"
	may := []string{"internal/inspect/awsread", "internal/testkit/awstest", "internal/inspect", "internal/logs", "apps/corsgate/internal/cli"}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var readers []string
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if name := strings.TrimPrefix(fields[0], module); imports(fields[1:], sdk) || imports(fields[1:], smithy) {
			readers = append(readers, name)
			if !slices.Contains(may, name) {
				t.Errorf("%s imports the AWS SDK", name)
			}
		}
	}
	for _, name := range []string{"internal/inspect/awsread", "internal/logs"} {
		if !slices.Contains(readers, name) {
			t.Errorf("%s does not import the AWS SDK, so this test looks at nothing", name)
		}
	}
	// A test's account can be written to.
	if got := deps(t, "apps/corsgate"); slices.Contains(got, module+"internal/testkit/awstest") || !slices.Contains(got, module+"internal/inspect/awsread") {
		t.Error("apps/corsgate is to read accounts through internal/inspect/awsread, and not to import internal/testkit/awstest")
	}
}
