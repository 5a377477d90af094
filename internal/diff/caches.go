package diff

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/simulate"
)

// A CacheChange is a route of which responses may be mixed up by a cache, the browser's own or one on the way, and might not
// be before, or the other way round. They may where not all responses have the same Access-Control-Allow-Origin, for
// whichever page or without one, and not all say Vary: Origin (https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches):
// a page that is allowed is then refused because of a response that was for another.
type CacheChange struct {
	// Route is GET /items and so on.
	Route  string `json:"route"`
	Before bool   `json:"before"`
	After  bool   `json:"after"`
}

// An answered is what of a response matters to caches.
type answered struct {
	known       bool
	allowOrigin string
	varies      bool
}

// answeredBy reads it off a report.
func answeredBy(r *simulate.Report) answered {
	if r.Actual.Response == nil {
		return answered{}
	}
	h := r.Actual.Response.Headers
	return answered{known: true, allowOrigin: h.Get(corsheader.AllowOrigin), varies: corsheader.VariesByOrigin(h.Get(corsheader.Vary))}
}

// caches compares, for the methods that are cached, what was answered to all origins, and to a request without one.
func (d *Difference) caches(ctx context.Context, before, after *simulate.Site) error {
	answers := [2]map[string][]answered{{}, {}}
	var routes []Question
	for i, q := range d.asked {
		if q.extra != "" || q.Method != "GET" && q.Method != "HEAD" {
			continue
		}
		if _, seen := answers[0][q.route()]; !seen {
			routes = append(routes, q)
			for side, site := range []*simulate.Site{before, after} {
				a, err := withoutOrigin(ctx, site, q)
				if err != nil {
					return err
				}
				answers[side][q.route()] = []answered{a}
			}
		}
		for side := range answers {
			answers[side][q.route()] = append(answers[side][q.route()], d.outcomes[side][i].answered)
		}
	}
	for _, q := range routes {
		b, a := mixedUp(answers[0][q.route()]), mixedUp(answers[1][q.route()])
		unsure := func(side int) bool { // a response that is not known may differ from the others
			return slices.ContainsFunc(answers[side][q.route()], func(a answered) bool { return !a.known })
		}
		if b == a || !b && unsure(0) || !a && unsure(1) {
			continue
		}
		for one := range q.each {
			d.Caches = append(d.Caches, CacheChange{one.route(), b, a})
		}
	}
	return nil
}

// mixedUp reports whether a cache may give one answer for another, and that it matters.
func mixedUp(answers []answered) bool {
	answers = slices.DeleteFunc(slices.Clone(answers), func(a answered) bool { return !a.known })
	differ := slices.ContainsFunc(answers, func(a answered) bool { return a.allowOrigin != answers[0].allowOrigin })
	return differ && slices.ContainsFunc(answers, func(a answered) bool { return !a.varies })
}

// withoutOrigin asks as a page of the API's own origin does, or a link to it: a GET then has no Origin.
func withoutOrigin(ctx context.Context, site *simulate.Site, q Question) (answered, error) {
	own, err := url.Parse(simulate.Base(site.API))
	if err != nil {
		return answered{}, err
	}
	r := q.Request()
	r.Origin = own.Scheme + "://" + own.Host
	r.Credentials = browser.SameOrigin
	report, err := site.Run(ctx, r)
	if err != nil {
		return answered{}, err
	}
	return answeredBy(report), nil
}

// safety says of caches in words what is new of them.
func (p *page) safety(changes []CacheChange, title string) {
	for _, now := range []bool{true, false} {
		var routes []string
		for _, c := range changes {
			if c.After == now {
				routes = append(routes, c.Route)
			}
		}
		if routes == nil {
			continue
		}
		p.item("\n" + title + map[bool]string{true: "Caches may mix up responses", false: "Caches no longer mix up responses"}[now] + "\n")
		says := "say `Vary: Origin` or no longer depend on the page's origin"
		if now {
			says = "depend on the page's origin, and not all say `Vary: Origin`: a page that is allowed is refused if a cache has the response for another"
		}
		if p.title == "" {
			says = strings.ReplaceAll(says, "`", "")
		}
		p.item(p.bullet + "Responses of " + p.routes(routes) + " " + says)
	}
}
