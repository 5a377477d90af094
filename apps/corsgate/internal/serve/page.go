package serve

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/simulate"
)

// page serves the page and the JSON that it reads.
type page struct {
	s *Server

	mu     sync.Mutex
	judges map[string]*simulate.Judge // by the API's address as the page's visitor has it
}

func newPage(s *Server) *page {
	return &page{s: s, judges: map[string]*simulate.Judge{}}
}

// PageHandler serves the page:
//
//	/                the page
//	/overview.json   the API, its policy and the matrix
//	/explain.json    an [simulate.Report] for origin, method, path, header (can be repeated) and credentials
//	/exchanges.json  the [Recorded]s that went over the wire after the one with the id after
func (s *Server) PageHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page.html)
	mux.HandleFunc("GET /overview.json", func(w http.ResponseWriter, r *http.Request) {
		o, err := s.page.overview(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		reply(w, simulate.Shown(o, s.api.App.Show))
	})
	mux.HandleFunc("GET /explain.json", s.page.explain)
	mux.HandleFunc("GET /exchanges.json", s.page.exchanges)
	return s.atOwnName("page", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		mux.ServeHTTP(w, r)
	})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

func (p *page) exchanges(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseUint(r.FormValue("after"), 10, 64)
	if err != nil {
		http.Error(w, "after is not a number", http.StatusBadRequest)
		return
	}
	all, last := p.s.record.after(after)
	reply(w, struct {
		Last      uint64      `json:"last"`
		Exchanges []*Recorded `json:"exchanges"`
	}{last, all})
}

// origin returns the API's origin for whoever looks at the page. Who came from another machine finds the API there too.
func (p *page) origin(r *http.Request) string {
	if p.s.listener == nil {
		return ""
	}
	out := p.s.origin(p.s.listener)
	host, _, err := net.SplitHostPort(r.Host)
	if u, e := url.Parse(out); err == nil && e == nil && all(p.s.listener) {
		u.Host = net.JoinHostPort(host, u.Port())
		out = u.String()
	}
	return out
}

// judge has the API as the matrix sees it: no function is run, authorizers neither, since looking at a page shall change
// nothing.
func (p *page) judge(r *http.Request) (*simulate.Judge, error) {
	base := simulate.Base(p.s.api)
	if o := p.origin(r); o != "" {
		base = o + p.s.api.Root()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if j := p.judges[base]; j != nil {
		return j, nil
	}
	j, err := simulate.NewJudge(p.s.api.App, p.s.options, simulate.NotRun)
	if err != nil {
		return nil, err
	}
	j.Site.API.Stage, j.Site.Base = p.s.api.Stage, base
	p.judges[base] = j
	return j, nil
}

func (p *page) explain(w http.ResponseWriter, r *http.Request) {
	req := browser.Call{Origin: r.FormValue("origin"), Method: r.FormValue("method"), URL: r.FormValue("path")}
	if r.FormValue("credentials") != "" {
		req.Credentials = browser.Include
	}
	for _, h := range r.Form["header"] {
		name, value, _ := strings.Cut(h, ":")
		req.Header = append(req.Header, browser.Field{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	judge, err := p.judge(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if req.Origin, err = p.s.api.App.Read(req.Origin); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := judge.NoRoute(req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	report, err := judge.Explain(r.Context(), req)
	var input *browser.InputError
	switch {
	case errors.As(err, &input):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		reply(w, report)
	}
}
