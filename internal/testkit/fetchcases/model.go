package fetchcases

import (
	"slices"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/browser"
)

// Model has package browser make a case's calls, with the cache of a browser. It gives the result and, for each call, the
// verdict.
func (c Case) Model(n string, b browser.Browser) (string, []browser.Verdict, error) {
	now := time.Unix(0, 0)
	cache := browser.NewPreflightCache(b, func() time.Time { return now })
	var parts []string
	var verdicts []browser.Verdict
	next := 0
	for _, a := range c.Asks() {
		now = now.Add(time.Duration(a.Wait) * time.Second)
		var sent []Sent
		ex, err := browser.Run(c.Request(a, n), func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
			sent = append(sent, Sent{Method: r.Method, URL: r.URL, Header: r.Header, Body: len(r.Body) > 0, Cookie: r.Credentials})
			if next++; next <= len(c.Answers) {
				return c.Answers[next-1].Response(n), nil
			}
			return &browser.HTTPResponse{Status: 404}, nil
		}, cache)
		if err != nil {
			return "", nil, err
		}
		var out Outcome
		if ex.Verdict.Allowed {
			out.Status = ex.Response.Status
			for _, f := range ex.Response.Header {
				out.Readable = append(out.Readable, strings.ToLower(f.Name))
			}
			slices.Sort(out.Readable)
			out.Readable = slices.Compact(out.Readable)
		}
		parts = append(parts, c.Result(a, n, sent, out))
		verdicts = append(verdicts, ex.Verdict)
	}
	return strings.Join(parts, " | "), verdicts, nil
}
