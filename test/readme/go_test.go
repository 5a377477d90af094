package readme

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// scaffold is what a piece of Go in a page may use.
const scaffold = `package %s

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corsapp"
	"github.com/corsgate/corsgate/constructs/corscheck"
	"github.com/corsgate/corsgate/constructs/corsfunction"
	"github.com/corsgate/corsgate/constructs/corslambda"
	"github.com/corsgate/corsgate/constructs/corstest"
)

var (
	_ http.Handler
	_ testing.TB
	_ awscdk.App
	_ = assertions.Template_FromStack
	_ awsapigateway.RestApi
	_ awscloudfront.Distribution
	_ awslambda.Function
	_ = corsapi.Enable
	_ = corsapp.Synth
	_ = corscheck.Register
	_ = corsfunction.Emits
	_ = corslambda.Wrap
	_ = corstest.New
	_ cors.Config
	_ events.APIGatewayProxyRequest
	_ = jsii.String
	_ = lambda.Start
)

var (
	app          awscdk.App
	stack        awscdk.Stack
	api          awsapigateway.RestApi
	fn           awslambda.Function
	distribution awscloudfront.Distribution
	policy       *cors.Policy
	handler      http.Handler
	mux          *http.ServeMux
)

func handle(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return events.APIGatewayProxyResponse{}, nil
}
`

// TestGo compiles the Go of all pages: whole programs, declarations, and statements.
func TestGo(t *testing.T) {
	overlay := map[string]string{}
	dir := t.TempDir()
	var packages []string
	compile := func(b block, name, text string) {
		file := filepath.Join(dir, name+".go")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(root, "readmeprograms", name, "main.go")] = file
		packages = append(packages, "./readmeprograms/"+name)
	}
	notName := regexp.MustCompile(`[^a-z0-9]`)
	for _, page := range executed(t) {
		for _, b := range blocks(t, page) {
			if _, skip := b.directive("not run"); skip || b.language != "go" {
				continue
			}
			name := notName.ReplaceAllString(strings.ToLower(strings.TrimSuffix(b.page, ".md")), "") + fmt.Sprint(b.line)
			where := fmt.Sprintf("//line %s:%d\n", b.page, b.line+1)
			head := fmt.Sprintf(scaffold, name)
			switch {
			case strings.HasPrefix(b.text, "package "):
				compile(b, name, strings.Replace(b.text, "\n", "\n"+strings.Replace(where, fmt.Sprint(b.line+1), fmt.Sprint(b.line+2), 1), 1))
			case strings.HasPrefix(b.text, "func "):
				compile(b, name, head+where+b.text)
			default:
				compile(b, name, head+"func _(t *testing.T) {\n"+where+b.text+unused(t, b)+"}\n")
			}
		}
	}
	file := filepath.Join(dir, "overlay.json")
	j, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, j, 0o666); err != nil {
		t.Fatal(err)
	}
	if len(packages) < 10 {
		t.Fatalf("%d blocks are in Go", len(packages))
	}
	cmd := exec.Command("go", append([]string{"build", "-overlay", file}, packages...)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// unused returns statements that use what a block's own statements define.
func unused(t *testing.T, b block) string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+b.text+"}\n", 0)
	if err != nil {
		t.Errorf("%s: %v", b.at(), err)
		return ""
	}
	var out strings.Builder
	for _, s := range f.Decls[0].(*ast.FuncDecl).Body.List {
		a, ok := s.(*ast.AssignStmt)
		if !ok || a.Tok != token.DEFINE {
			continue
		}
		for _, l := range a.Lhs {
			if id, ok := l.(*ast.Ident); ok && id.Name != "_" {
				out.WriteString("_ = " + id.Name + "\n")
			}
		}
	}
	return out.String()
}
