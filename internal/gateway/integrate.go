package gateway

import (
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/vtl"
)

func (x *exchange) integrate() (*Response, error) {
	m := x.method
	if m.Err != nil {
		return nil, unsupported("method %s cannot be served: %v", m.ID, m.Err)
	}
	if m.Integration == nil {
		return nil, configError(NoIntegration, "the method has no integration")
	}
	i := m.Integration
	switch cause, why := x.api.Fails(m); cause {
	case NotPost, BadMapping: // the other causes are found on the way
		return nil, configError(cause, "%s", why)
	}
	switch i.Type {
	case apigw.Mock:
		return x.mock(i)
	case apigw.AWSProxy, apigw.HTTPProxy:
		if i.Type == apigw.AWSProxy {
			return x.lambdaProxy(i)
		}
		return x.http(i, true)
	case apigw.HTTP:
		return x.http(i, false)
	case apigw.AWS:
		return x.aws(i)
	}
	return nil, unsupported("integration type %q of method %s is not known", i.Type, m.ID)
}

// integrationBody returns what the integration gets: the rendered request template, or the body passed through.
func (x *exchange) integrationBody(i *Integration) ([]byte, error) {
	ct := x.contentType()
	t := find(i.RequestTemplates, ct)
	if t == nil {
		if i.Passthrough == "NEVER" || i.Passthrough == "WHEN_NO_TEMPLATES" && len(i.RequestTemplates) > 0 {
			return nil, &failure{typ: apigw.UnsupportedMediaType, message: "Unsupported Media Type", errType: "BadRequestException", detail: "no request template for " + ct + " and PassthroughBehavior " + i.Passthrough}
		}
		b, _, err := x.requestBody(i.ContentHandling)
		x.step(Step{Kind: StepRequestTemplate, Detail: "none for " + ct + ", the body passes through"})
		return b, err
	}
	body, binary, err := x.requestBody(i.ContentHandling)
	if err != nil {
		return nil, err
	}
	if binary {
		return nil, configError(BinaryRequest, "unable to transform request: %s is a binary media type, so no template can read the body; set ContentHandling CONVERT_TO_TEXT", ct)
	}
	x.step(Step{Kind: StepRequestTemplate, Name: t.ContentType})
	out, err := x.render(t, string(body))
	return []byte(out), err
}

// mockStatus reads what a mock's request template gives; its error is that this is not known. A status in quotes is none (https://github.com/aws/aws-cdk/issues/5997).
func mockStatus(body string) (n int64, ok bool, err error) {
	v, err := vtl.ParseJSON(strings.TrimSpace(body))
	if m, isMap := v.(*vtl.Map); err == nil && isMap {
		code, _ := m.Get("statusCode")
		n, ok = code.(int64)
	}
	if !notKnown(err) {
		err = nil
	}
	return n, ok, err
}

func (x *exchange) mock(i *Integration) (*Response, error) {
	body, err := x.integrationBody(i)
	if err != nil {
		return nil, err
	}
	n, ok, err := mockStatus(string(body))
	if err != nil {
		return nil, unsupported("the statusCode of MOCK: %v", err)
	}
	if !ok {
		if symbols := x.api.App.Symbols(string(body)); len(symbols) > 0 {
			return nil, unsupported("the statusCode of MOCK: %v", &cfn.Unknown{Symbol: symbols[0]})
		}
		return nil, configError(NoMockStatus, "MOCK needs JSON with a statusCode that is a number without quotes; the request template rendered %q", clip(x.api.App.Show(string(body))))
	}
	status := strconv.FormatInt(n, 10)
	x.step(Step{Kind: StepIntegration, Name: "MOCK", Detail: "statusCode " + status})
	return x.respond(i, status, true, nil, nil, nil)
}
