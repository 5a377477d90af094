// Package fetchcases is this project's table of what the Fetch standard says about CORS: a case is a page's request, the
// servers' responses and what has to come of them. internal/browser and, in test/browser, Chromium are held against it.
package fetchcases

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
)

//go:embed fetch-standard.json
var file []byte

// A Table is the cases, section by section.
type Table struct {
	// Differences are the ways in which Chromium does otherwise than the standard says, by the name that cases refer to.
	Differences map[string]Difference `json:"differences"`
	Sections    []Section             `json:"sections"`
	// URLs are about parsing.
	URLs []URL `json:"urls"`
}

// A Difference is one between the standard and Chromium.
type Difference struct {
	Standard string `json:"standard"`
	Chromium string `json:"chromium"`
	// Here is what this project does, if it is not what Chromium does, and why.
	Here string `json:"here,omitempty"`
}

// A Section is one of the standard's.
type Section struct {
	Title string `json:"title"`
	Link  string `json:"link"`
	Cases []Case `json:"cases"`
}

// A Case is one or more requests of one page. {n} in a URL or a Location stands for a word of the case's own, so that no
// cache knows the URL.
type Case struct {
	// Name says what the case is about; it is unique in its section.
	Name string `json:"name"`
	// From is the page's origin, https://app.example.com if empty; null is a sandboxed frame in a page of that one.
	From string `json:"from,omitempty"`
	Ask
	// Then are more requests, which the page makes when the one before is over.
	Then []Ask `json:"then,omitempty"`
	// Answers are the servers' responses in the order of the requests; see [Answer]. Further requests get a 404.
	Answers []Answer `json:"answers,omitempty"`
	// Show has the values of the headers that the script sets stand in the result.
	Show bool `json:"show,omitempty"`
	// Want is what the standard says, as [Case.Result] writes it.
	Want string `json:"want"`
	// Chromium is what Chromium does, if it is something else, and Differs the name of the difference.
	Chromium string `json:"chromium,omitempty"`
	Differs  string `json:"differs,omitempty"`
}

// An Ask is one call of fetch() or XMLHttpRequest.
type Ask struct {
	// Do is the method and the URL, https://api.example.net/{n} if there is none.
	Do       string   `json:"do"`
	Headers  []string `json:"headers,omitempty"`
	Body     string   `json:"body,omitempty"`
	With     string   `json:"with,omitempty"` // the credentials mode; where it is given the result says whether a cookie goes
	Mode     string   `json:"mode,omitempty"`
	XHR      bool     `json:"xhr,omitempty"`
	Listener bool     `json:"listener,omitempty"`
	// Wait is how many seconds pass before.
	Wait int `json:"wait,omitempty"`
}

// An Answer is a response: header lines, and a status unless it is 200. A name that begins with allow-, expose- or max-age
// has access-control- before it.
type Answer []string

// Response returns the response's status and header, and {n} replaced.
func (a Answer) Response(n string) *browser.HTTPResponse {
	res := &browser.HTTPResponse{Status: 200}
	for _, line := range a {
		name, value, header := strings.Cut(line, ":")
		if !header {
			res.Status, _ = strconv.Atoi(line)
			continue
		}
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "allow-") || strings.HasPrefix(lower, "expose-") || lower == "max-age" {
			name = "Access-Control-" + name
		}
		res.Header = append(res.Header, browser.Field{Name: name, Value: strings.ReplaceAll(strings.TrimPrefix(value, " "), "{n}", n)})
	}
	return res
}

// Load reads the table.
func Load() (*Table, error) {
	var t Table
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return nil, fmt.Errorf("fetch-standard.json: %w", err)
	}
	return &t, nil
}

// Origin returns the page's origin.
func (c Case) Origin() string {
	if c.From == "" {
		return "https://app.example.com"
	}
	return c.From
}

// Asks returns the case's calls in order.
func (c Case) Asks() []Ask { return append([]Ask{c.Ask}, c.Then...) }

// Waits reports whether time has to pass between the calls.
func (c Case) Waits() bool {
	return slices.ContainsFunc(c.Then, func(a Ask) bool { return a.Wait > 0 })
}

// Expected returns what Chromium, and this project with it, makes of the case.
func (c Case) Expected() string {
	if c.Chromium != "" {
		return c.Chromium
	}
	return c.Want
}

// Target returns the call's method and URL.
func (a Ask) Target(n string) (method, url string) {
	method, url, _ = strings.Cut(a.Do, " ")
	if url == "" {
		url = "https://api.example.net/{n}"
	}
	return method, strings.ReplaceAll(url, "{n}", n)
}

// Request returns the call as package browser has it.
func (c Case) Request(a Ask, n string) browser.Call {
	method, url := a.Target(n)
	req := browser.Call{Method: method, URL: url, Origin: c.Origin(), Body: []byte(a.Body), Credentials: browser.Credentials(a.With),
		Mode: browser.Mode(a.Mode), UploadListener: a.Listener}
	if a.XHR {
		req.Initiator = browser.XMLHttpRequest
	}
	for _, line := range a.Headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header = append(req.Header, browser.Field{Name: name, Value: value})
	}
	return req
}

// Sent is a request that reached a server. The header has every line.
type Sent struct {
	Method, URL string
	Header      browser.Header
	Body        bool
	Cookie      bool
}

// Outcome is what the script gets: a status, or 0 where the call fails, and the names of the headers that it can read, in
// lower case and sorted.
type Outcome struct {
	Status   int
	Readable []string
}

// Result writes what came of a call, such as
//
//	OPTIONS for PUT with x-a; PUT; 200
//	GET; GET https://third.example/{n} from null; 200 reading etag
//	refused
//
// The URL stands there if it is not the one that was asked for, and the Origin if it is not the page's.
func (c Case) Result(a Ask, n string, sent []Sent, out Outcome) string {
	var parts []string
	_, asked := a.Target(n)
	for _, s := range sent {
		var b strings.Builder
		b.WriteString(s.Method)
		if s.URL != asked {
			b.WriteString(" " + s.URL)
		}
		method, preflight := s.Header.Get("Access-Control-Request-Method")
		if preflight {
			b.WriteString(" for " + method)
			if names, ok := s.Header.Get("Access-Control-Request-Headers"); ok {
				b.WriteString(" with " + names)
			}
		}
		if origin, ok := s.Header.Get("Origin"); !ok {
			b.WriteString(" from nobody")
		} else if origin != c.Origin() {
			b.WriteString(" from " + origin)
		}
		if a.With != "" && s.Cookie {
			b.WriteString(" +cookie")
		}
		if s.Body {
			b.WriteString(" +body")
		}
		if c.Show && !preflight {
			for _, line := range a.Headers {
				name, value, _ := strings.Cut(line, ": ")
				if got, _ := s.Header.Get(name); got != "" && strings.Contains(got, strings.TrimSpace(value)) {
					b.WriteString(" [" + name + ": " + got + "]")
				}
			}
		}
		parts = append(parts, b.String())
	}
	switch {
	case out.Status == 0:
		parts = append(parts, "refused")
	case len(out.Readable) == 0:
		parts = append(parts, strconv.Itoa(out.Status))
	default:
		parts = append(parts, strconv.Itoa(out.Status)+" reading "+strings.Join(out.Readable, ","))
	}
	return strings.ReplaceAll(strings.Join(parts, "; "), n, "{n}")
}

// A URL is one that is parsed, against a base if there is one.
type URL struct {
	URL  string `json:"url"`
	Base string `json:"base,omitempty"`
	// Want is what the parser makes of it, by the standard: the URL written out, or failure.
	Want     string `json:"want"`
	Chromium string `json:"chromium,omitempty"`
	Differs  string `json:"differs,omitempty"`
	// Here is what this project makes of it, if it is not what Chromium does.
	Here string `json:"here,omitempty"`
}
