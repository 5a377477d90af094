package synth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corsapi"
	"github.com/corsgate/corsgate/constructs/corstest"
)

// TestCorstest is a user's test of a stack, on the CDK's own assertions.Template.
func TestCorstest(t *testing.T) {
	policy, err := cors.New(cors.Config{Origins: []string{"https://app.example.com"}, RequestHeaders: []string{"content-type"}, AllowCredentials: true})
	if err != nil {
		t.Fatal(err)
	}
	s := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Shop"), nil)
	api := corsapi.NewRestApi(s, jsii.String("Api"), &corsapi.RestApiProps{Cors: policy})
	add(add(api.Root(), "products", "GET", proxy(s, "Fn")), "{id}", "PUT", mock())
	add(api.Root(), "other", "GET", awsapigateway.NewHttpIntegration(jsii.String("https://backend.example.net/"), nil))

	template := assertions.Template_FromStack(s, nil)
	pages := corstest.New(t, template)
	app := pages.From("https://app.example.com")
	app.Get("/products").WithCredentials().IsAllowed()
	app.Put("/products/1").WithHeader("content-type").IsAllowed()
	app.Put("/products/1").WithHeader("x-debug").IsRefused("HeaderDisallowedByPreflightResponse")
	pages.From("https://evil.example").Get("/products").IsRefused("MissingAllowOriginHeader")
	app.Put("/other").IsRefused()

	failed := &noted{}
	corstest.New(failed, template).From("https://evil.example").Put("/products/1").IsAllowed()
	if len(*failed) != 1 || !strings.Contains((*failed)[0], "Verdict: refused (PreflightMissingAllowOriginHeader)") {
		t.Errorf("it says %q", *failed)
	}
}

// noted has the failures of a test.
type noted []string

func (*noted) Helper()                             {}
func (n *noted) Errorf(format string, args ...any) { *n = append(*n, fmt.Sprintf(format, args...)) }
func (n *noted) Fatalf(format string, args ...any) { n.Errorf(format, args...) }
