package serve

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkPreflight is a preflight without the network.
func BenchmarkPreflight(b *testing.B) {
	s, _ := start(b, Options{App: app(b, templates+"catalog.template.json"), Backend: web{}, Hosts: []string{"api.example"}})
	h := s.APIHandler()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodOptions, "/prod/products", nil)
		r.Header.Set("Origin", "https://app.example.com")
		r.Header.Set("Access-Control-Request-Method", "GET")
		r.Host = "api.example"
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusNoContent {
			b.Fatal(w.Code)
		}
	}
}
