// Package serve serves an API over HTTP, as API Gateway would, on this machine: package gateway decides, the
// functions behind it run as processes, and a page shows what a browser may do.
//
// [New] makes a [Server] from a template. [Server.Serve] has two listeners, one for the API and one for the page,
// so that the page's requests to the API are cross-origin; [Server.APIHandler] and [Server.PageHandler] are the handlers
// there. [Server.Close] ends every process that was started.
package serve

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
)

// LocalKey is the API key that a served API takes besides those its template holds. A template rarely holds any: API
// Gateway makes them up when it is deployed.
const LocalKey = "corsgate-local"

// Options are what a Server is made of.
type Options struct {
	// App has the templates. The functions' assets are found from where they are.
	App *cfn.App
	// API, Stage and Variables choose among what the app has; see [gateway.Options].
	API, Stage string
	Variables  map[string]string
	// Authorizers says who calls.
	Authorizers gateway.Authorizers

	// Backend stands for what is behind the API. Nil means that functions run as processes of this machine and HTTP
	// integrations are real requests.
	Backend gateway.Backend
	// Held says why nothing behind the API is called, where it is not; empty if it is.
	Held string
	// Module is the root of the Go module from whose sources corsfunction's functions are built again for this machine;
	// empty is that of the working directory.
	Module string

	// Listener and PageListener are what Serve listens on. Where one is nil, Listen and PageListen are the addresses at
	// which it is opened; where that is empty too, nothing is.
	Listener, PageListener net.Listener
	Listen, PageListen     string

	// TLS has both answer https with a self-signed certificate made in memory, and HTTP/2. The certificate is for the
	// listeners' hosts and for Hosts.
	TLS bool
	// Hosts are names at which both answer, beside the address that a request came to.
	Hosts []string

	// Log takes a line for each exchange, and what functions print. Nil throws it away.
	Log io.Writer
}

// A Server serves one stage of an API, and the page about it.
type Server struct {
	api     *gateway.API
	options gateway.Options // by which it was loaded, without authorizers
	backend gateway.Backend
	close   func() error // ends what the backend started
	log     *lineWriter
	record  *recorder
	page    *page
	hosts   []string // names besides the addresses themselves

	listener, pageListener net.Listener
	tls                    *tls.Config
	servers                []server

	once   sync.Once
	closed chan struct{}
	err    error
}

// New loads the API, makes the functions ready to run and opens the listeners. Its errors are a
// [*gateway.LoadError] or a [*net.OpError] for a listener. A Server must be closed.
func New(o Options) (*Server, error) {
	options := gateway.Options{API: o.API, Stage: o.Stage, Variables: o.Variables, APIKeys: []string{LocalKey}}
	live := options
	live.Authorizers = &o.Authorizers
	live.Policy = gateway.AssumePolicy // nobody waits at this machine for whom a policy could depend on
	api, err := gateway.Load(o.App, live)
	if err != nil {
		return nil, err
	}
	if len(o.App.Symbols(api.Stage)) > 0 {
		api.Stage = api.StageID // its name, which is a part of the address, is known only at deployment
	}
	s := &Server{
		api: api, backend: o.Backend, log: &lineWriter{w: o.Log, show: o.App.Show}, record: &recorder{}, listener: o.Listener, pageListener: o.PageListener,
		closed: make(chan struct{}), close: func() error { return nil },
		options: options, hosts: o.Hosts,
	}
	if s.backend == nil {
		b, err := newBackend(o, s.log)
		if err != nil {
			return nil, err
		}
		s.backend, s.close = b, b.Close
	}
	if err := s.listen(o); err != nil {
		s.Close()
		return nil, err
	}
	if b, ok := s.backend.(*backend); ok {
		b.prepare(api, s.log)
	}
	s.page = newPage(s)
	s.notes(o.Authorizers)
	s.serve(s.listener, s.APIHandler())
	s.serve(s.pageListener, s.PageHandler())
	return s, nil
}

type server struct {
	*http.Server
	listener net.Listener
}

func (s *Server) serve(l net.Listener, h http.Handler) {
	if l == nil {
		return
	}
	s.servers = append(s.servers, server{&http.Server{
		Handler: h, TLSConfig: s.tls.Clone(), ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		// API Gateway knows no "OPTIONS *", and net/http shall not answer in its place.
		DisableGeneralOptionsHandler: true,
		ConnContext:                  wireContext,
		ErrorLog:                     log.New(panics{s.log}, "", 0),
	}, l})
}

// panics lets through what net/http logs of a mistake in this program. What a client does wrong with its connection is
// neither that nor an exchange.
type panics struct{ to io.Writer }

func (p panics) Write(b []byte) (int, error) {
	if !bytes.Contains(b, []byte("panic serving")) {
		return len(b), nil
	}
	return p.to.Write(b)
}

// notes says whose code decides who is let in, and what is let in that API Gateway might not let in.
func (s *Server) notes(who gateway.Authorizers) {
	types, keys := map[string]bool{}, false
	for _, r := range s.api.Resources() {
		for _, m := range r.Methods() {
			types[m.AuthorizationType] = true
			keys = keys || m.APIKeyRequired
		}
	}
	functions := s.api.AuthorizerFunctions()
	for _, id := range slices.Sorted(maps.Keys(functions)) {
		s.log.line("note: the authorizer " + id + " runs the function " + functions[id])
	}
	for _, of := range []struct{ typ, name string }{{"COGNITO_USER_POOLS", "Cognito"}, {"JWT", "JWT"}} {
		if types[of.typ] && len(who.Claims) == 0 {
			s.log.line("note: " + of.name + " authorizers let in every request with a token; --claim sets its claims, such as --claim sub=1234")
		}
	}
	if types["AWS_IAM"] && who.IAM == "" {
		s.log.line("note: methods with AWS_IAM let in every request with a signature; --iam-caller ARN sets the caller")
	}
	if keys {
		s.log.line("note: methods that require an API key accept x-api-key: " + LocalKey)
	}
}

// listen opens the listeners that were not given.
func (s *Server) listen(o Options) error {
	for _, l := range []struct {
		at      *net.Listener
		address string
	}{{&s.listener, o.Listen}, {&s.pageListener, o.PageListen}} {
		if *l.at == nil && l.address != "" {
			opened, err := net.Listen("tcp", l.address)
			if err != nil {
				return err
			}
			*l.at = opened
		}
	}
	if !o.TLS {
		return nil
	}
	hosts := append([]string{"localhost", "127.0.0.1", "::1"}, o.Hosts...)
	for _, l := range []net.Listener{s.listener, s.pageListener} {
		if l != nil {
			if host, _, err := net.SplitHostPort(l.Addr().String()); err == nil {
				hosts = append(hosts, host)
			}
		}
	}
	var err error
	s.tls, err = selfSigned(hosts)
	return err
}

// URL returns the address of the API's stage, such as http://127.0.0.1:4000/prod, or "" without a listener.
func (s *Server) URL() string {
	if s.listener == nil {
		return ""
	}
	return s.origin(s.listener) + s.api.Root()
}

// PageURL returns the address of the page, or "" without a listener.
func (s *Server) PageURL() string {
	if s.pageListener == nil {
		return ""
	}
	return s.origin(s.pageListener) + "/"
}

func (s *Server) origin(l net.Listener) string {
	scheme := "http"
	if s.tls != nil {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return scheme + "://" + l.Addr().String()
	}
	if all(l) {
		host = "127.0.0.1" // an address that means all of them is none to go to
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// all reports whether a listener is at every address of this machine.
func all(l net.Listener) bool {
	host, _, err := net.SplitHostPort(l.Addr().String())
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsUnspecified()
}

// Serve serves requests on the listeners until Close is called or a listener fails. After Close it returns nil.
func (s *Server) Serve() error {
	failed := make(chan error, 2)
	for _, srv := range s.servers {
		go func() { failed <- srv.Serve(listenWire(srv.listener, s.tls)) }()
	}
	select {
	case err := <-failed:
		select {
		case <-s.closed:
			return nil
		default:
		}
		return err
	case <-s.closed:
		return nil
	}
}

// Close stops answering and ends every process that was started. When it returns there are none. It may be called more
// than once.
func (s *Server) Close() error {
	s.once.Do(func() {
		close(s.closed)
		// Not Shutdown: whoever waits for a response of a function would hold up its end.
		for _, srv := range s.servers {
			_ = srv.Close()
		}
		for _, l := range []net.Listener{s.listener, s.pageListener} {
			if l != nil {
				_ = l.Close()
			}
		}
		s.err = s.close()
	})
	return s.err
}

// maxBody is how much of a body is read: one byte more than API Gateway takes, so that package gateway sees it is too much.
const maxBody = gateway.MaxBody + 1

// APIHandler serves the API: any method and path, with the stage in front, as API Gateway does.
//
// Header names reach the API as they were sent over HTTP/1.1, which net/http keeps only of connections that Serve has
// accepted; of others they are in canonical form. Over HTTP/2 they are in lower case.
func (s *Server) APIHandler() http.Handler {
	return s.atOwnName("API", func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		headers := wireHeaders(r)
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			panic(http.ErrAbortHandler) // the client went away in the middle of its request
		}
		path := r.RequestURI
		if strings.Contains(path, "://") || path == "" {
			path = r.URL.RequestURI() // as clients ask of a proxy
		}
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		req := &gateway.Request{Method: r.Method, RawPath: path, Headers: headers, Body: body, SourceIP: host, Protocol: r.Proto}
		res := s.shown(s.api.Serve(r.Context(), req, s.backend))
		e := s.record.add(req, res, time.Since(start))
		if r.Context().Err() != nil {
			s.log.line(e.String() + ", and nobody waited for it")
			panic(http.ErrAbortHandler)
		}
		s.log.line(e.String())
		write(w, res)
	})
}

// atOwnName refuses requests whose Host is neither the address that they came to nor one of Options.Hosts: a name that somebody
// else has pointed at this machine would make their page one of the same origin (DNS rebinding).
func (s *Server) atOwnName(what string, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.mine(r) {
			h(w, r)
			return
		}
		host := strconv.QuoteToASCII(r.Host)
		s.log.line(quote(r.Method) + " " + quote(r.URL.Path) + " 421: the " + what + " is not served at " + host)
		http.Error(w, "the "+what+" is not served at "+host+"; corsgate serve --host NAME adds a name", http.StatusMisdirectedRequest)
	})
}

// mine reports whether a request names the address that it came to.
func (s *Server) mine(r *http.Request) bool {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = strings.Trim(r.Host, "[]"), ""
	}
	if slices.ContainsFunc(s.hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	localHost, localPort, err := net.SplitHostPort(local.String())
	if err != nil {
		return false
	}
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[r.TLS != nil]
	}
	ip := net.ParseIP(localHost)
	mine := ip != nil && (ip.Equal(net.ParseIP(host)) || ip.IsLoopback() && strings.EqualFold(host, "localhost"))
	return mine && port == localPort
}

// shown is a response with expressions instead of stand-ins.
func (s *Server) shown(res *gateway.Response) *gateway.Response {
	app := s.api.App
	out := *res // by hand, since it is of every response
	out.Headers, out.Trace = slices.Clone(res.Headers), slices.Clone(res.Trace)
	for i := range out.Headers {
		h := &out.Headers[i]
		h.Name, h.Value = app.Show(h.Name), app.Show(h.Value)
	}
	for i := range out.Trace {
		t := &out.Trace[i]
		t.Name, t.Source, t.Detail, t.Pattern = app.Show(t.Name), app.Show(t.Source), app.Show(t.Detail), app.Show(t.Pattern)
	}
	if body := string(out.Body); len(app.StandIns(body)) > 0 {
		out.Body = []byte(app.Show(body))
	}
	return &out
}

// hop are headers about a connection, which is here another than API Gateway's.
var hop = map[string]bool{"connection": true, "transfer-encoding": true, "keep-alive": true, "upgrade": true, "proxy-connection": true, "trailer": true}

// write sends a response. Names keep their case, except those that net/http must know to frame the response.
func write(w http.ResponseWriter, res *gateway.Response) {
	h := w.Header()
	for _, x := range res.Headers {
		name := x.Name
		switch lower := strings.ToLower(name); {
		case hop[lower], lower == "content-length":
			continue
		case lower == "content-type", lower == "date", lower == "content-encoding":
			name = http.CanonicalHeaderKey(name)
		}
		h[name] = append(h[name], x.Value)
	}
	if res.Status != http.StatusNoContent && res.Status != http.StatusNotModified {
		h["Content-Length"] = []string{strconv.Itoa(len(res.Body))} // whatever a function says it is
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // or net/http guesses one
	}
	status := res.Status
	if status < 200 || status > 999 {
		// An interim response would leave the client waiting for another one.
		status = http.StatusBadGateway
	}
	w.WriteHeader(status)
	_, _ = w.Write(res.Body)
}

// A lineWriter writes lines, one at a time. What a template names, a client sends or a function prints is no more than text in them.
type lineWriter struct {
	mu   sync.Mutex
	w    io.Writer
	show func(string) string
}

func (l *lineWriter) line(s string) { _, _ = l.Write([]byte(s + "\n")) }

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return len(p), nil
	}
	if _, err := io.WriteString(l.w, report.Lines(l.show(string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}
