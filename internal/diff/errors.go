package diff

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/simulate"
)

// errors compares the gateway's own responses. None needs a preflight to be read: what it takes to come by most of them,
// such as a token that has expired, is a request that a preflight has let pass.
func (d *Difference) errors(ctx context.Context, before, after *simulate.Site, drift bool) (out []ErrorChange, open []NotCompared, err error) {
	var kinds [][]string
	for _, types := range errorKinds(before.API, after.API) {
		if why := unreadErrors(before.API, after.API, types[0], drift); why != "" {
			open = append(open, NotCompared{Why: family(types) + ": " + why})
		} else {
			kinds = append(kinds, types)
		}
	}
	kinds = slices.DeleteFunc(kinds, func(types []string) bool {
		b := headersOf(before.API, types[0])
		return b == headersOf(after.API, types[0]) && !strings.Contains(b, "context.")
	})
	for _, o := range d.Origins {
		for _, types := range kinds {
			for _, credentials := range []bool{false, true} {
				c := ErrorChange{Origin: o.Origin, Credentials: credentials, Type: types[0]}
				if c.Before, err = readable(ctx, before, c); err == nil {
					c.After, err = readable(ctx, after, c)
				}
				if err != nil {
					return nil, nil, err
				}
				if c.Before == c.After {
					continue
				}
				c.Direction = Stricter
				if c.After {
					c.Direction = Looser
				}
				for _, c.Type = range types {
					out = append(out, c)
				}
			}
		}
	}
	return out, open, nil
}

// unreadErrors says why it is not known which pages can read a gateway response, empty if it is known, or the same on both
// sides.
func unreadErrors(before, after *gateway.API, typ string, drift bool) (why string) {
	var texts [2]string
	for i, api := range []*gateway.API{before, after} {
		g := api.GatewayResponse(typ)
		switch {
		case g.Err != nil:
			texts[i], why = "unread "+g.Source, g.Err.Error()
		case g.Default && len(api.Elsewhere) > 0:
			texts[i], why = "elsewhere", "they may be elsewhere: "+api.Elsewhere[0]
		}
		for _, name := range slices.Sorted(maps.Keys(g.Parameters)) {
			v := g.Parameters[name]
			if symbols := api.App.Symbols(v); len(symbols) > 0 && drift {
				return "the template has ${" + symbols[0].String() + "}"
			}
			if symbols := api.App.Symbols(v); len(symbols) > 0 && strings.HasSuffix(strings.ToLower(name), ".access-control-allow-credentials") {
				texts[i], why = v, (&cfn.Unknown{Symbol: symbols[0]}).Error()
			}
		}
	}
	if texts[0] == texts[1] {
		return ""
	}
	return strings.TrimPrefix(why, "not known: ")
}

// errorKinds puts the types of gateway responses together that have the same headers in both APIs.
func errorKinds(before, after *gateway.API) [][]string {
	var out [][]string
	at := map[string]int{}
	for _, typ := range apigw.GatewayResponseTypes() {
		if strings.HasPrefix(typ, "DEFAULT_") {
			continue // others inherit from it, and nobody is sent it
		}
		key := headersOf(before, typ) + " " + headersOf(after, typ)
		if strings.Contains(key, "context.") {
			key += typ // $context.error says which it is
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], typ)
	}
	return out
}

// headersOf returns what decides who can read a gateway response.
func headersOf(api *gateway.API, typ string) string {
	g := api.GatewayResponse(typ)
	return fmt.Sprintf("%s %#v %v", g.From, g.Parameters, g.Err)
}

// readable reports whether a page can read a gateway response.
func readable(ctx context.Context, site *simulate.Site, c ErrorChange) (bool, error) {
	req := browser.Call{Origin: c.Origin, URL: simulate.Base(site.API) + "/"}
	if c.Credentials {
		req.Credentials = browser.Include
	}
	ex, err := browser.Run(req, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
		in := &gateway.Request{Method: r.Method, Path: "/"}
		for _, f := range r.Header {
			name := f.Name
			if !site.HTTP1 {
				name = strings.ToLower(name)
			}
			in.Headers = append(in.Headers, gateway.Header{Name: name, Value: f.Value})
		}
		res := site.API.Refuse(ctx, in, c.Type)
		out := &browser.HTTPResponse{Status: res.Status, Body: res.Body}
		for _, h := range res.Headers {
			out.Header = append(out.Header, browser.Field{Name: h.Name, Value: h.Value})
		}
		return out, nil
	}, nil)
	return ex.Verdict.Allowed, err
}
