package wrapper

import (
	"encoding/json"

	"github.com/corsgate/corsgate/internal/emit"
)

// RESTEvent reads an event of a REST API's proxy integration. All others are none of
// ours: an authorizer's, which has the same requestContext, that of an HTTP API, whose
// resourceId is null, and those that come from elsewhere.
//
// What cannot be read is taken for missing, and without an origin or an allowlist
// nobody is allowed.
func RESTEvent(data []byte) (*emit.Event, bool) {
	members, _, ok := object(data)
	if !ok {
		return nil, false
	}
	var e emit.Event
	var context struct{ ResourceID, RequestID, APIID, Stage string }
	into := map[string]any{
		"requestContext":    &context,
		"httpMethod":        &e.Method,
		"path":              &e.Path,
		"resource":          &e.Resource,
		"headers":           &e.Headers,
		"multiValueHeaders": &e.MultiValueHeaders,
		"stageVariables":    &e.StageVariables,
	}
	for _, m := range members {
		if m.name == "methodArn" {
			return nil, false
		}
		if v := into[m.name]; v != nil {
			_ = json.Unmarshal(data[m.value:m.end], v)
		}
	}
	e.APIID, e.Stage, e.RequestID = context.APIID, context.Stage, context.RequestID
	return &e, context.ResourceID != ""
}
