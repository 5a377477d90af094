package simulate

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/mark"
	"github.com/corsgate/corsgate/internal/stagevars"
	"github.com/corsgate/corsgate/internal/wrapper"
)

// NotRun returns a backend that calls nothing. For a function that its template marks as one that emits CORS headers (see
// package mark), or that runs behind the wrapper, it responds with the headers that both put, which depend on the stage's variables alone; the
// status, 200, and the empty body are not the function's. Everything else is not known, a [*NotInvoked]. App may be nil.
//
// A function that emits on its owner's word alone may do so by other means. Where the stage has none of corsgate's variables, it
// does, and the headers are not known. The mark of an alias or a version does not count.
func NotRun(app *cfn.App) gateway.Backend {
	emits, declared := map[string]bool{}, map[string]bool{}
	if app != nil {
		for _, r := range app.OfType("AWS::Lambda::Function") {
			emits[app.Name(r)] = wrapper.Emits(r.Metadata, r.Properties)
			declared[app.Name(r)] = r.Metadata[mark.Emits] == true && !wrapper.Attached(r.Properties)
		}
	}
	return notRun{app, emits, declared, &sync.Map{}}
}

type notRun struct {
	app             *cfn.App
	emits, declared map[string]bool
	// policies has those of stage variables, by the variables' JSON: each function of a stage is sent the same.
	policies *sync.Map
}

// A stagePolicy is what the variables of a stage say to corslambda.
type stagePolicy struct {
	policy  *cors.Policy
	err     error // why there is none
	follows bool  // there is a policy, or a part of one
}

// policy reads the stage variables of an event.
func (b notRun) policy(variables json.RawMessage) stagePolicy {
	if known, ok := b.policies.Load(string(variables)); ok {
		return known.(stagePolicy)
	}
	var values map[string]string
	if err := json.Unmarshal(variables, &values); err != nil && len(variables) > 0 {
		return stagePolicy{err: err}
	}
	var out stagePolicy
	out.follows = slices.ContainsFunc(slices.Collect(maps.Keys(values)), stagevars.Is)
	if out.policy, out.err = cors.FromStageVariables(values); out.err != nil {
		out.policy, out.err = &cors.Policy{}, nil // corslambda refuses everyone then
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if b.app == nil || !strings.HasPrefix(name, "cors") {
				continue
			}
			if symbols := b.app.Symbols(values[name]); len(symbols) > 0 {
				// A deployment's own value may be understood.
				out.policy, out.err = nil, &NotInvoked{Reason: (&cfn.Unknown{Symbol: symbols[0]}).Error() + "; the stage variable " + name + " is not understood without it", undecided: true}
				break
			}
		}
	}
	b.policies.Store(string(variables), out)
	return out
}

// A proxyEvent is what corslambda reads of a function's event.
type proxyEvent struct {
	HTTPMethod        string              `json:"httpMethod"` // which an event of format 2.0 does not have, so that no preflight is found
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	StageVariables    json.RawMessage     `json:"stageVariables"`
}

func (b notRun) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	if !b.emits[fn.LogicalID] || fn.LogicalID == "" {
		return nil, notCalled("the function " + fn.Name)
	}
	var e proxyEvent
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	stage := b.policy(e.StageVariables)
	if b.declared[fn.LogicalID] && !stage.follows {
		return nil, notCalled("the function " + fn.Name + ", which is declared to emit CORS headers on a stage without corsgate's variables,")
	}
	StandIn(ctx, "the function "+fn.Name+" was not invoked; the headers are those that corsgate adds, but the status and the body are not the function's")
	if stage.err != nil {
		return nil, stage.err
	}
	return emitted(stage.policy, &e)
}

func (notRun) HTTP(_ context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return nil, notCalled(r.URL)
}

func (notRun) AWS(_ context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return nil, notCalled(r.URL)
}

// emitted returns the response that a function with corslambda around it would give, as far as the event decides it.
func emitted(policy *cors.Policy, e *proxyEvent) ([]byte, error) {
	find := func(name string) string {
		var values []string
		for k, v := range e.Headers {
			if len(e.MultiValueHeaders) == 0 && strings.EqualFold(k, name) {
				return v
			}
		}
		for _, k := range slices.Sorted(maps.Keys(e.MultiValueHeaders)) {
			if strings.EqualFold(k, name) {
				values = append(values, e.MultiValueHeaders[k]...)
			}
		}
		return strings.Join(values, ", ")
	}
	d := policy.Decide(cors.Request{Method: e.HTTPMethod, Origin: find(corsheader.Origin), RequestMethod: find(corsheader.RequestMethod)})
	r := struct {
		StatusCode int               `json:"statusCode"`
		Headers    map[string]string `json:"headers"`
	}{http.StatusOK, map[string]string{}}
	if d.Kind == cors.Preflight {
		r.StatusCode = d.Status
	}
	for name, value := range d.Headers() {
		r.Headers[name] = value
	}
	return json.Marshal(r)
}

// Reply returns a backend that returns the same response to every call, that of a Lambda proxy integration:
// {"statusCode": 200, "headers": {}, "body": ""}. Name says in the report where it is from. A response that is JSON but
// not such a one makes what it makes of a function's; the error is for what is not JSON.
func Reply(proxyResponse []byte, name string) (gateway.Backend, error) {
	if !json.Valid(proxyResponse) {
		var v any
		return nil, fmt.Errorf("not JSON: %w", json.Unmarshal(proxyResponse, &v))
	}
	return reply{bytes.TrimSpace(proxyResponse), name}, nil
}

type reply struct {
	response []byte
	name     string
}

func (b reply) Invoke(ctx context.Context, fn gateway.Function, _ []byte) ([]byte, error) {
	StandIn(ctx, b.name+" is used as the response of the function "+fn.Name)
	return b.response, nil
}

func (b reply) HTTP(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	var p struct {
		StatusCode        int                 `json:"statusCode"`
		Headers           map[string]string   `json:"headers"`
		MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
		Body              string              `json:"body"`
		IsBase64Encoded   bool                `json:"isBase64Encoded"`
	}
	if err := json.Unmarshal(b.response, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", b.name, err)
	}
	StandIn(ctx, b.name+" is used as the response of "+r.URL)
	out := &gateway.BackendResponse{Status: p.StatusCode, Body: []byte(p.Body)}
	if p.StatusCode == 0 {
		out.Status = http.StatusOK
	}
	if p.IsBase64Encoded {
		raw, err := base64.StdEncoding.DecodeString(p.Body)
		if err != nil {
			return nil, fmt.Errorf("%s: the body: %w", b.name, err)
		}
		out.Body = raw
	}
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		out.Headers = append(out.Headers, gateway.Header{Name: name, Value: p.Headers[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(p.MultiValueHeaders)) {
		for _, v := range p.MultiValueHeaders[name] {
			out.Headers = append(out.Headers, gateway.Header{Name: name, Value: v})
		}
	}
	return out, nil
}

func (b reply) AWS(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return b.HTTP(ctx, r)
}
