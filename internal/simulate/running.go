package simulate

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/lambdarun"
)

// Running returns a backend that runs functions as processes of this machine. One that cannot be run is a
// [*gateway.Unavailable]. What is not a function goes to otherwise.
func Running(pool *lambdarun.Pool, otherwise gateway.Backend) gateway.Backend {
	return running{otherwise, pool}
}

type running struct {
	gateway.Backend
	pool *lambdarun.Pool
}

func (b running) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	if fn.LogicalID == "" {
		return nil, &gateway.Unavailable{Reason: "the function " + fn.Name + " is not in the template"}
	}
	r, err := b.pool.Invoke(ctx, fn.LogicalID, event)
	var cannot *lambdarun.Error
	switch {
	case errors.As(err, &cannot):
		return nil, &gateway.Unavailable{Reason: cannot.Error()}
	case err != nil:
		return nil, err
	case r.FunctionError != "":
		var e struct{ ErrorMessage, ErrorType string }
		_ = json.Unmarshal(r.Payload, &e) // what it does not have stays empty
		return nil, &gateway.FunctionError{Message: e.ErrorMessage, Type: e.ErrorType, Payload: r.Payload}
	case r.Prelude != nil:
		return unstreamed(r)
	}
	return r.Payload, nil
}

// unstreamed makes the proxy response that has the same status, headers and body as a streamed one.
func unstreamed(r lambdarun.Result) ([]byte, error) {
	var p struct {
		StatusCode        any              `json:"statusCode,omitempty"`
		Headers           map[string]any   `json:"headers,omitempty"`
		MultiValueHeaders map[string][]any `json:"multiValueHeaders,omitempty"`
		Body              string           `json:"body"`
		IsBase64Encoded   bool             `json:"isBase64Encoded,omitempty"`
	}
	var cookies struct{ Cookies []string }
	if err := errors.Join(json.Unmarshal(r.Prelude, &p), json.Unmarshal(r.Prelude, &cookies)); err != nil {
		return nil, &gateway.FunctionError{Message: "the prelude of the streamed response: " + err.Error(), Type: "Corsgate.Prelude"}
	}
	for _, c := range cookies.Cookies {
		if p.MultiValueHeaders == nil {
			p.MultiValueHeaders = map[string][]any{}
		}
		p.MultiValueHeaders["set-cookie"] = append(p.MultiValueHeaders["set-cookie"], c)
	}
	p.Body, p.IsBase64Encoded = string(r.Body), false
	if !utf8.Valid(r.Body) {
		p.Body, p.IsBase64Encoded = base64.StdEncoding.EncodeToString(r.Body), true
	}
	return json.Marshal(p)
}

// Else returns a backend that asks another one where the first has a response to be had nowhere, a
// [*gateway.Unavailable]. What the second does not know is not known for the first one's reason.
func Else(first, second gateway.Backend) gateway.Backend { return either{first, second} }

type either struct{ first, second gateway.Backend }

// because returns the error of the second backend the first one's reason.
func because(first *gateway.Unavailable, second error) error {
	var not *NotInvoked
	if errors.As(second, &not) {
		return &NotInvoked{Reason: "not known: " + first.Reason}
	}
	return second
}

func (b either) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	out, err := b.first.Invoke(ctx, fn, event)
	var no *gateway.Unavailable
	if errors.As(err, &no) && !fn.Authorizer { // an authorizer has no other response
		out, err = b.second.Invoke(ctx, fn, event)
		err = because(no, err)
		if n, ok := ctx.Value(notesKey{}).(*notes); ok && n.standIn != "" {
			n.standIn += "; it cannot be run here: " + no.Reason
		}
	}
	return out, err
}

func (b either) HTTP(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	out, err := b.first.HTTP(ctx, r)
	var no *gateway.Unavailable
	if errors.As(err, &no) {
		out, err = b.second.HTTP(ctx, r)
		err = because(no, err)
	}
	return out, err
}

func (b either) AWS(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	out, err := b.first.AWS(ctx, r)
	var no *gateway.Unavailable
	if errors.As(err, &no) {
		out, err = b.second.AWS(ctx, r)
		err = because(no, err)
	}
	return out, err
}
