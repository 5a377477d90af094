package simulate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/gateway"
)

// A Memo remembers responses. Whether a page includes credentials is no matter to the API of this model, which is asked the
// same for both; of a request's path and headers those matter that the response depends on.
type Memo struct {
	sent, same map[string]*sent             // same is of responses that do not depend on the origin
	behaviours map[string]gateway.Behaviour // by method and URL
	candidates []candidate                  // nil if nobody asked for them
	others     map[string]*Memo             // of the same API under an assumption, by its name
}

// under returns the memo for the same API under an assumption, nil if there is none.
func (m *Memo) under(assumption string) *Memo {
	if m == nil {
		return nil
	}
	if m.others == nil {
		m.others = map[string]*Memo{}
	}
	if m.others[assumption] == nil {
		m.others[assumption] = &Memo{}
	}
	return m.others[assumption]
}

// named returns the candidates of a site's API, which are looked for once where there is a memo.
func (s *Site) named() []candidate {
	if s.Memo == nil {
		return candidates(s.API)
	}
	if s.Memo.candidates == nil {
		s.Memo.candidates = append([]candidate{}, candidates(s.API)...)
	}
	return s.Memo.candidates
}

// Forget drops the responses that depend on the page's origin, for when the next is asked from. A memo has no bound of its
// own.
func (m *Memo) Forget() {
	clear(m.sent)
	if len(m.others) > mostOthers {
		clear(m.others)
	}
	for _, o := range m.others {
		o.Forget()
	}
}

// mostOthers is how many assumptions' memos outlive the origin that they came up with.
const mostOthers = 100

// get returns the response to a request, made by ask if it is not remembered.
func (m *Memo) get(s *Site, r *browser.HTTPRequest, ask func() *sent) *sent {
	if m.sent == nil {
		m.sent, m.same, m.behaviours = map[string]*sent{}, map[string]*sent{}, map[string]gateway.Behaviour{}
	}
	where := r.Method + " " + r.URL
	b, ok := m.behaviours[where]
	if !ok {
		b = s.behaviourOf(r)
		b.Any = b.Any || s.Fill != nil // which is shown the request
		m.behaviours[where] = b
	}
	k := key(r, b)
	answers := m.same
	if b.Any || slices.Contains(b.Headers, "origin") {
		answers = m.sent
	}
	one := answers[k]
	if one == nil {
		one = ask()
		answers[k] = one
	}
	return one
}

// key tells requests apart that may be answered differently.
func key(r *browser.HTTPRequest, b gateway.Behaviour) string {
	var out strings.Builder
	part := func(s string) {
		out.WriteString(strconv.Itoa(len(s)))
		out.WriteByte(' ')
		out.WriteString(s)
	}
	part(b.Key)
	part(r.Method)
	part(string(r.Body))
	for _, f := range r.Header {
		if name := strings.ToLower(f.Name); b.Any || slices.Contains(b.Headers, name) {
			part(f.Name)
			part(f.Value)
		}
	}
	return out.String()
}

// behaviourOf returns what the response to a request depends on. One with a query, or for another address, is like no other.
func (s *Site) behaviourOf(r *browser.HTTPRequest) gateway.Behaviour {
	base := s.Base
	if base == "" {
		base = Base(s.API)
	}
	path, ok := strings.CutPrefix(r.URL, strings.TrimSuffix(base, "/")+"/")
	if !ok || strings.Contains(r.URL, "?") {
		return gateway.Behaviour{Key: "only " + r.URL, Any: true}
	}
	return s.Behaviour(r.Method, "/"+path)
}

// predictable is a backend of which it is known what its responses depend on.
type predictable interface {
	// behaviour is that of a function or, for nil, of everything else that can be called.
	behaviour(fn *gateway.Function) gateway.Behaviour
}

func (b notRun) behaviour(fn *gateway.Function) gateway.Behaviour {
	if fn != nil && fn.LogicalID != "" && b.emits[fn.LogicalID] {
		return gateway.Behaviour{Key: "emits", Headers: []string{"origin", "access-control-request-method"}} // see emitted
	}
	return gateway.Behaviour{Key: "not called"}
}

// Behaviour returns what the response to a request for a path of the API depends on. The path is without the stage.
func (s *Site) Behaviour(method, path string) gateway.Behaviour {
	backend, ok := s.Backend.(predictable)
	if !ok {
		return gateway.Behaviour{Key: "only " + method + " " + path, Any: true}
	}
	return s.API.Behaviour(method, path, backend.behaviour)
}
