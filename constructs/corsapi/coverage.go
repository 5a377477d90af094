package corsapi

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cdkbridge/paired"
)

// coverage names the methods whose answers API Gateway passes through as they
// are, and whose backend is not known to emit the headers itself.
func (w *writer) coverage() {
	emitters := paired.Find(w.api.Node().Root())
	for _, r := range w.survey.resources {
		for _, m := range r.methods {
			where := m.verb + " " + m.path
			switch m.integrationType {
			case apigw.HTTPProxy:
				warnHTTPProxy(m.node, where)
			case apigw.AWSProxy:
				w.coverProxy(m.node, where, m.integrationURI, emitters, func() string { return permitted(m) })
			}
		}
	}
}

// notes says what the policy is not, or may not be what it seems.
func (w *writer) notes() {
	_, single := w.policy.SingleOrigin()
	switch {
	case single || w.policy.AnyOrigin():
		// Static headers are as good as the policy.
	case w.props.GatewayErrors == Uncredentialed && w.policy.Credentials():
		inform(w.api, "the policy allows credentials and not just one origin that is known at synthesis, so pages that send credentials cannot read the errors that "+
			"API Gateway makes itself (401, 403, 429 ...); see corsapi.EchoOrigin for the other choice")
	case w.props.GatewayErrors == EchoOrigin:
		inform(w.api, "EchoOrigin: every page on the web can read the errors that API Gateway makes itself, from requests with the user's cookies")
	}
	for _, note := range w.policy.Notes() {
		inform(w.api, note)
	}
}

func warnHTTPProxy(on constructs.IConstruct, where string) {
	warn(on, "http-proxy", where+" passes the answers of an HTTP backend through, and no mapping applies to them: "+
		"the backend has to send the CORS headers for this policy by itself, or the integration be of type HTTP")
}

// coverProxy looks where a Lambda proxy leads, by its resolved uri; see
// [paired.Emitters.Emits] for target.
func (w *writer) coverProxy(on constructs.IConstruct, where string, uri any, emitters *paired.Emitters, target func() string) {
	if uri == nil {
		return // CloudFormation will not deploy it
	}
	switch emitters.Emits(uri, target) {
	case paired.Yes:
		return
	case paired.Unclear:
		warn(on, "unclear-function", where+" is a Lambda proxy to a function whose logical id two stacks of the app have, and not all of those are known to emit CORS headers: "+
			"give them different construct ids")
		return
	}
	if text, err := json.Marshal(uri); err == nil && strings.Contains(string(text), "${stageVariables.") {
		warn(on, "unknown-function", where+" names its Lambda function by a stage variable, so it cannot be seen whether it emits CORS headers: "+
			"every function that the variable may name has to, through corslambda or by itself")
		return
	}
	fail(on, fmt.Sprintf("%s is a Lambda proxy, and its function is not known to emit CORS headers: API Gateway adds none to what it answers. "+
		"Build it with corsfunction.New, or, if it emits them by itself, say so with corsfunction.Emits(fn)", where))
}

// permitted returns the path of the function, version or alias that the CDK has
// given method m the permission to invoke, as its Lambda integrations do; "" for
// none.
func permitted(m *method) string {
	for _, p := range m.permissions {
		for _, token := range *awscdk.Tokenization_ReverseString(jsii.String(p.function())).Tokens() {
			if ref, ok := token.(awscdk.Reference); ok {
				return *ref.Target().Node().Path()
			}
		}
	}
	return ""
}
