package logs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
)

func refusedLine(n int, origin, path string) string {
	return fmt.Sprintf(`{"timestamp":"2026-11-22T09:00:%02dZ","message":"CORS: origin refused","origin":"%s","method":"GET","path":"%s","reason":"origin not allowed","apiRequestId":"%d"}`+"\n", n%60, origin, path, n)
}

// TestManyOrigins holds that bots fill neither the report nor the memory, and do not hide what is often.
func TestManyOrigins(t *testing.T) {
	var b strings.Builder
	n := 0
	for range 5 {
		b.WriteString(refusedLine(n, "https://often.test", "/orders"))
		n++
	}
	const bots = kept + 500
	for i := range bots {
		b.WriteString(refusedLine(n, fmt.Sprintf("https://bot%d.test", i), "/orders"))
		n++
	}
	p := policy(t, cors.Config{Origins: []string{"https://app.example.com"}})
	s := NewScanner(p)
	for l, err := range Read("t.log", strings.NewReader(b.String())) {
		if err != nil {
			t.Fatal(err)
		}
		s.Add(l)
	}
	if len(s.incidents) > kept {
		t.Errorf("%d incidents are kept", len(s.incidents))
	}
	got := s.Report(nil).Findings
	if len(got) != shown+1 {
		t.Fatalf("%d findings", len(got))
	}
	if first := got[0]; first.Count != 5 || first.First.Second() != 0 || first.Last.Second() != 4 || !strings.HasPrefix(first.Detail, "https://often.test was refused") {
		t.Errorf("first is %+v", first)
	}
	last := got[len(got)-1].Detail
	if want := fmt.Sprintf("more than %d more of this kind", kept-shown); !strings.HasPrefix(last, want) || !strings.Contains(last, fmt.Sprintf("(%d times, from ", bots-shown+1)) {
		t.Errorf("last is %s, want %s", last, want)
	}
}

func TestRecent(t *testing.T) {
	var r recent
	for i := range 2*remembered + 1 {
		if !r.add(fmt.Sprint(i)) {
			t.Fatalf("%d is known", i)
		}
	}
	if r.add(fmt.Sprint(2*remembered)) || !r.add("0") || len(r.known) != remembered || len(r.order) != remembered {
		t.Errorf("%d keys", len(r.known))
	}
}

func TestShape(t *testing.T) {
	for path, want := range map[string]string{
		"": "", "/": "/", "/orders": "/orders", "/orders/123/items/4": "/orders/*/items/*", "/orders/{orderId}": "/orders/{orderId}", "/{proxy+}": "/{proxy+}",
		"/users/8e7a1c2d-0000-4000-8000-000000000001": "/users/*", "/v1/customer-notifications": "/v1/customer-notifications", "/orders?token=secret": "/orders",
		"/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln": "/reset/*", "/users/jane@example.com": "/users/*", "/users/jane%40example.com/cart": "/users/*/cart",
		"/a\x1b[31m": "/a.[31m",
	} {
		if got := shape(path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
	var b strings.Builder
	for i := range 1000 {
		b.WriteString(refusedLine(i, "https://elsewhere.test", fmt.Sprintf("/orders/%d", i)))
	}
	if got := listing(scan(t, nil, b.String())); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "CORS702 GET /orders/*: https://elsewhere.test was refused (1000 times") {
		t.Error(got)
	}
}
