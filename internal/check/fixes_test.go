package check

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/faults"
)

// around is what stands around a fix in an app.
const around = `package p

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/jsii-runtime-go"
	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corsfunction"
	"github.com/corsgate/corsgate/constructs/corslambda"
)

var (
	_           = jsii.String
	httpApi     awsapigatewayv2.HttpApi
	integration awsapigatewayv2.HttpRouteIntegration
	url         awslambda.FunctionUrl
	_           = time.Hour
	_           = cors.New
	_           = corsapi.Enable
	_           = corsfunction.NewGoFunction
	_           = lambda.Start
	_           iam.IPrincipal
	handler     corslambda.Handler
	stack       awscdk.Stack
	resource    awscdk.CfnResource
	api         awsapigateway.RestApi
	items       awsapigateway.Resource
	policy      *cors.Policy
	fn          awslambda.Function
	certificate awscertificatemanager.ICertificate
)
`

// TestFixes holds that the fixes in Go are accepted by the compiler in an app, but for variables that they declare and do
// not use.
func TestFixes(t *testing.T) {
	fset := token.NewFileSet()
	head, err := parser.ParseFile(fset, "around.go", around, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}={{.Export}}{{end}}"}
	for _, i := range head.Imports {
		args = append(args, strings.Trim(i.Path.Value, `"`))
	}
	var stderr bytes.Buffer
	list := exec.Command("go", args...)
	list.Stderr = &stderr
	text, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	compiled := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			compiled[path] = file
		}
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(compiled[path]) }
	imports := importer.ForCompiler(fset, "gc", lookup)
	texts := map[string]string{} // by rule
	clean := tree(t, cleanText(t))
	for _, r := range rules.All() {
		texts[string(r.ID)] = r.Fix.Go
		if r.Command == "check" {
			for i, f := range checkTree(t, asCDK(faults.Merge(clean, tree(t, r.Before)).(object))).Findings {
				texts[fmt.Sprintf("%s, finding %d", r.ID, i)] = f.Fix.CDK
			}
		}
	}
	t.Logf("%d fixes in Go", len(texts))
	for name, text := range texts {
		file, err := parser.ParseFile(fset, name, fmt.Sprintf("%s\nfunc _() {\n%s\n}\n", around, text), 0)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		conf := types.Config{Importer: imports, Error: func(err error) {
			if !strings.Contains(err.Error(), "declared and not used") {
				t.Errorf("%v in\n%s", err, text)
			}
		}}
		conf.Check("p", fset, []*ast.File{file}, nil) // what it returns, Error was given
	}
}
