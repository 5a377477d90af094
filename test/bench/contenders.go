package bench

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	jub0bs "github.com/jub0bs/cors"
	rs "github.com/rs/cors"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// A contender is a CORS middleware around a handler that does nothing.
type contender struct {
	name    string
	handler http.Handler
}

// A question is a request that contenders answer.
type question struct {
	name    string // allowed, refused or preflight
	request *http.Request
}

// match returns the contenders with one policy of n exact origins, and what to
// ask them.
func match(n int) ([]contender, []question, error) {
	origins := make([]string, n)
	for i := range origins {
		origins[i] = fmt.Sprintf("https://customer-%05d.example.com", i)
	}
	// New refuses 10,000 origins, which no stage could hold.
	ours, err := cors.FromStageVariables(map[string]string{
		stagevars.Origins:        strings.Join(origins, ","),
		stagevars.Credentials:    "true",
		stagevars.Methods:        "PUT",
		stagevars.RequestHeaders: "content-type",
		stagevars.ExposedHeaders: "etag",
		stagevars.MaxAge:         "600",
	})
	if err != nil {
		return nil, nil, err
	}
	theirs, err := jub0bs.NewMiddleware(jub0bs.Config{
		Origins:         origins,
		Credentialed:    true,
		Methods:         []string{http.MethodPut},
		RequestHeaders:  []string{"Content-Type"},
		ResponseHeaders: []string{"ETag"},
		MaxAgeInSeconds: 600,
	})
	if err != nil {
		return nil, nil, err
	}
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	ask := func(name, method, origin string) question {
		r := &http.Request{Method: method, Header: http.Header{"Origin": {origin}}}
		if method == http.MethodOptions {
			r.Header["Access-Control-Request-Method"] = []string{http.MethodPut}
			r.Header["Access-Control-Request-Headers"] = []string{"content-type"}
		}
		return question{name, r}
	}
	return []contender{
			{"corsgate", ours.Handler(nothing)},
			{"jub0bs/cors", theirs.Wrap(nothing)},
			{"rs/cors", rs.New(rs.Options{
				AllowedOrigins:   origins,
				AllowCredentials: true,
				AllowedMethods:   []string{http.MethodGet, http.MethodPut}, // it refuses others' requests too
				AllowedHeaders:   []string{"Content-Type"},
				ExposedHeaders:   []string{"ETag"},
				MaxAge:           600,
			}).Handler(nothing)},
		}, []question{
			ask("allowed", http.MethodGet, origins[n/2]),
			ask("refused", http.MethodGet, "https://customer-00001.example.net"),
			ask("preflight", http.MethodOptions, origins[n/2]),
		}, nil
}

// A sink is a ResponseWriter that costs nothing: one header map for all
// requests, and nobody reads the rest.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(status int)      { s.status = status }

// ask puts a question n times.
func (s *sink) ask(c contender, q question, n int) {
	for range n {
		clear(s.header)
		c.handler.ServeHTTP(s, q.request)
	}
}

// check reports whether the last response allows what it should.
func (s *sink) check(c contender, q question) error {
	if _, ok := s.header["Access-Control-Allow-Origin"]; ok != (q.name != "refused") {
		return fmt.Errorf("%s decides wrongly on %q: %v", c.name, q.name, s.header)
	}
	return nil
}

// decisions measures the middleware of net/http.
func (b *bench) decisions(ctx context.Context) error {
	b.table.section("decision as an http.Handler: ns (allocations)", "", "corsgate", "jub0bs/cors", "rs/cors", "ratio to the faster")
	var ratios, more []float64
	var corsgate []contender // with few origins, and with many
	var same []question      // that both allow, or refuse
	for _, n := range []int{3, 100, 10_000} {
		contenders, questions, err := match(n)
		if err != nil {
			return err
		}
		corsgate = append(corsgate, contenders[0])
		if same == nil {
			same = questions
		}
		for _, q := range questions {
			if err := ctx.Err(); err != nil {
				return err
			}
			ns, allocations, err := b.contest(contenders, q)
			if err != nil {
				return err
			}
			at := grouped(fmt.Sprint(n)) + " origins"
			cells := []string{q.name, at}
			faster := 1
			for i := range contenders {
				cells = append(cells, fmt.Sprintf("%s (%.0f)", number(median(ns[i])), allocations[i]))
				if i > 0 && median(ns[i]) < median(ns[faster]) {
					faster = i
				}
			}
			r := ratio(ns[0], ns[faster])
			b.table.row(append(cells, number(r))...)
			ratios = append(ratios, r)
			more = append(more, allocations[0]-slices.Min(allocations[1:]))
		}
	}
	var growth []float64
	for _, q := range same {
		ns, _, err := b.contest([]contender{corsgate[0], corsgate[len(corsgate)-1]}, q)
		if err != nil {
			return err
		}
		growth = append(growth, ratio(ns[1], ns[0]))
	}
	const at = "the greatest of these"
	b.atMost("decision as an http.Handler, of the faster of the two", at, slices.Max(ratios), 1, "")
	b.atMost("its allocations above theirs", at, slices.Max(more), 0, "")
	b.atMost("a decision about 10,000 origins, of one about 3", at, slices.Max(growth), flat, "")
	return nil
}

// flat is what a decision's time may grow by from 3 origins to 10,000, which
// fill more of the processor's cache: a search through them would take a
// hundred times as long.
const flat = 1.25

// contest gives each contender's nanoseconds a response in each turn, and
// its allocations.
func (b *bench) contest(contenders []contender, q question) (ns [][]float64, allocations []float64, err error) {
	s := &sink{header: http.Header{}}
	batch := make([]int, len(contenders))
	for i, c := range contenders {
		s.ask(c, q, 10)
		if err := s.check(c, q); err != nil {
			return nil, nil, err
		}
		allocations = append(allocations, testing.AllocsPerRun(1000, func() { s.ask(c, q, 1) }))
		start := time.Now()
		s.ask(c, q, 100)
		// Turns of 0.2 ms: short beside what else the machine does.
		batch[i] = max(10, int(100*200*time.Microsecond/max(time.Since(start), 1)))
	}
	ns = make([][]float64, len(contenders))
	for turn := range b.runs * 100 {
		for k := range contenders {
			i := (k + turn) % len(contenders)
			start := time.Now()
			s.ask(contenders[i], q, batch[i])
			ns[i] = append(ns[i], float64(time.Since(start).Nanoseconds())/float64(batch[i]))
		}
	}
	return ns, allocations, nil
}
