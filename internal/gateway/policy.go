package gateway

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
)

// PolicyUse says what becomes of requests that a resource policy decides about.
type PolicyUse int

const (
	// JudgePolicy refuses what the policy refuses, and does not serve what it lets in or not by what is not known, such
	// as the client's address.
	JudgePolicy PolicyUse = iota
	// AssumePolicy lets the latter in.
	AssumePolicy
	// IgnorePolicy lets every request in.
	IgnorePolicy
)

// Judge says what the resource policy does to requests of a method for a path, which may be that of a resource,
// /items/{id}. Signed are those that carry AWS credentials.
func (a *API) Judge(method, path string, signed bool) apigw.Judgement {
	stage := a.Stage
	if a.StageID == "" || len(a.App.Symbols(stage)) > 0 {
		stage = ""
	}
	call := apigw.Call{Stage: stage, Method: method, Path: path, Signed: signed}
	a.judged.Lock()
	defer a.judged.Unlock()
	judgement, ok := a.judged.by[call]
	if !ok {
		judgement = apigw.JudgePolicy(a.policy, call)
		if a.judged.by == nil || len(a.judged.by) == mostJudged {
			a.judged.by = map[apigw.Call]apigw.Judgement{}
		}
		a.judged.by[call] = judgement
	}
	return judgement
}

// judged remembers what the resource policy does, which is the same for each request of a method for a path.
type judged struct {
	sync.Mutex
	by map[apigw.Call]apigw.Judgement
}

// mostJudged is how many judgements are remembered: whoever serves an API is asked for any path.
const mostJudged = 1000

// Policy writes the resource policy, as the template has it; empty if there is none.
func (a *API) Policy() string {
	if a.policy == nil {
		return ""
	}
	return cfn.Canonical(a.document)
}

// resourcePolicy reads the document, with symbols instead of their stand-ins.
func (l *loader) resourcePolicy() {
	document := l.rest.Properties["Policy"]
	if body, ok := l.rest.Properties["Body"].(map[string]any); ok && document == nil {
		document = body["x-amazon-apigateway-policy"]
	}
	l.api.document, l.api.policy, l.api.policyUse = document, parted(l.app, document), l.opts.Policy
}

// parted puts symbols, as parts of an Fn::Join, instead of their stand-ins.
func parted(app *cfn.App, x any) any {
	switch x := x.(type) {
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = parted(app, e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = parted(app, e)
		}
		return out
	case *cfn.Unknown:
		return unread(x.Symbol)
	case string:
		if s := app.SymbolOf(x); s != nil {
			return unread(s)
		}
		var parts []any
		end := 0
		for _, s := range app.StandIns(x) {
			parts = append(parts, x[end:s.From], unread(s.Symbol))
			end = s.To
		}
		if parts != nil {
			return map[string]any{"Fn::Join": []any{"", append(parts, x[end:])}}
		}
	}
	return x
}

// unread is a part of a policy whose value is not known; package apigw tells attributes of resources from what may be any text.
func unread(s *cfn.Symbol) any {
	if s.Attribute != "" && !s.Free() {
		return map[string]any{"Fn::GetAtt": []any{s.Resource.ID, s.Attribute}}
	}
	return s
}

// admit asks the resource policy about the request
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html): without an
// authorizer, or with a user pool, a statement has to allow it; what a Lambda authorizer or IAM lets in is let in unless
// a statement denies it. Credentials are taken to be of the API's own account.
func (x *exchange) admit() error {
	a := x.api
	if a.policy == nil || a.policyUse == IgnorePolicy {
		return nil
	}
	typ := x.method.AuthorizationType
	j := a.Judge(x.req.Method, x.path, typ == "AWS_IAM")
	enough := typ == "AWS_IAM" || typ == "CUSTOM" // to be denied by nothing
	switch {
	case j.Access == apigw.Passes, enough && j.Access != apigw.Denied && !j.MayDeny:
		return nil
	case (j.Access == apigw.Depends || enough && j.MayDeny) && a.policyUse == JudgePolicy:
		return unsupported("%s", dependsOn(j))
	case j.Access == apigw.Depends || enough && j.MayDeny:
		x.step(Step{Kind: StepAuthorizer, Name: "the resource policy", Detail: "assumed to let the request in; " + dependsOn(j)})
		return nil
	}
	how := "no statement of the resource policy allows the request"
	message := fmt.Sprintf("User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:%s:********%s:%s/%s/%s%s",
		a.region, a.account[max(0, len(a.account)-4):], strings.ToLower(a.ID), a.Stage, x.req.Method, x.path)
	if j.Access == apigw.Denied {
		how = "the resource policy denies the request"
		message += " with an explicit deny"
	}
	x.step(Step{Kind: StepAuthorizer, Name: "the resource policy", Detail: how})
	return &failure{typ: apigw.AccessDenied, message: message, errType: "AccessDeniedException", detail: how}
}

func dependsOn(j apigw.Judgement) string {
	on := slices.Concat(j.Keys, j.Unread)
	if len(on) == 0 {
		return "whether the resource policy lets the request in is not known"
	}
	return "whether the resource policy lets the request in depends on " + strings.Join(on, ", ")
}
