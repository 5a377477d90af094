package differential

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	jub0bs "github.com/jub0bs/cors"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/stagevars"
)

const (
	allowOrigin      = "Access-Control-Allow-Origin"
	allowCredentials = "Access-Control-Allow-Credentials"
	exposeHeaders    = "Access-Control-Expose-Headers"
)

// newGenerator returns a generator with a fixed seed, or with the one that
// CORSGATE_SEED names.
func newGenerator(t *testing.T) *generator {
	t.Helper()
	seed := uint64(1)
	if s := os.Getenv("CORSGATE_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("CORSGATE_SEED: %v", err)
		}
	}
	t.Logf("CORSGATE_SEED=%d", seed)
	return &generator{rand.New(rand.NewPCG(seed, 0))}
}

// sorted returns the stage variables of p in the order of their names: all of
// them, or those of the allowlist.
func sorted(p *cors.Policy, all bool) list {
	vars := p.StageVariables()
	var l list
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if all || stagevars.IsAllowlist(name) {
			l = append(l, name, vars[name])
		}
	}
	return l
}

// spelling is the name of the Origin header in the nth request: HTTP/2 has it
// in lower case, HTTP/1.1 as the client writes it.
func spelling(n int) string {
	if n%2 == 0 {
		return "origin"
	}
	return "Origin"
}

// checkPreflight says what is wrong with the preflight template's result.
func checkPreflight(r result, origin string, allowed bool) error {
	if r.err != "" {
		return fmt.Errorf("failed: %.500s", r.err)
	}
	var answer struct {
		StatusCode int `json:"statusCode"`
	}
	if err := json.Unmarshal([]byte(r.text), &answer); err != nil {
		return fmt.Errorf("printed %q: %v", r.text, err)
	}
	status, overrides := http.StatusForbidden, map[string]string(nil)
	if allowed {
		status, overrides = http.StatusNoContent, map[string]string{allowOrigin: origin}
	}
	if answer.StatusCode != status || !maps.Equal(r.overrides, overrides) {
		return fmt.Errorf("gave %d and %q, want %d and %q", answer.StatusCode, r.overrides, status, overrides)
	}
	return nil
}

// The texts that the response template is put in front of: it must not run
// into what they begin with.
var responseTexts = []string{"", "text", "{\"a\": 1}", "(x)", "#set($a = 1)a", "$input.params().get('x')", "[1]", "  indented", ".x", "else", "end", "0"}

// checkResponse says what is wrong with the response template's result, given
// what the text behind it prints by itself.
func checkResponse(r result, p policy, origin, text string, allowed bool) error {
	if r.err != "" {
		return fmt.Errorf("failed: %.500s", r.err)
	}
	var overrides map[string]string
	if allowed {
		overrides = map[string]string{allowOrigin: origin}
		if p.Credentials() {
			overrides[allowCredentials] = "true"
		}
		if h := p.ExposedHeaders(); h != "" {
			overrides[exposeHeaders] = h
		}
	}
	if r.text != text || !maps.Equal(r.overrides, overrides) {
		return fmt.Errorf("gave %q and %q, want %q and %q", r.text, r.overrides, text, overrides)
	}
	return nil
}

// other is the other library's middleware for the same policy.
type other struct {
	handler http.Handler
	header  http.Header
}

func newOther(t *testing.T, p policy) *other {
	t.Helper()
	m, err := jub0bs.NewMiddleware(jub0bs.Config{
		Origins:                            p.config.Origins,
		Credentialed:                       p.config.AllowCredentials,
		ResponseHeaders:                    p.config.ExposedHeaders,
		Methods:                            []string{http.MethodPut}, // or it refuses every preflight
		DangerouslyTolerateInsecureOrigins: true,
		DangerouslyTolerateSubdomainsOfPublicSuffixes: true,
	})
	if err != nil {
		t.Fatalf("jub0bs/cors refuses what we accept: %v", err)
	}
	o := &other{header: http.Header{}}
	o.handler = m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return o
}

func (o *other) Header() http.Header         { return o.header }
func (o *other) Write(b []byte) (int, error) { return len(b), nil }
func (o *other) WriteHeader(int)             {}

// allows reports what the middleware says to the origin, the same for an
// actual request as for a preflight.
func (o *other) allows(t *testing.T, origin string) bool {
	t.Helper()
	var answers [2]bool
	for i, header := range []http.Header{
		{"Origin": {origin}},
		{"Origin": {origin}, "Access-Control-Request-Method": {http.MethodPut}},
	} {
		clear(o.header)
		method := []string{http.MethodPut, http.MethodOptions}[i]
		o.handler.ServeHTTP(o, &http.Request{Method: method, Header: header})
		echo, ok := o.header[allowOrigin]
		answers[i] = ok && echo[0] == origin
	}
	if answers[0] != answers[1] {
		t.Fatalf("jub0bs/cors answers a preflight from %q with %v, the request itself with %v", origin, answers[1], answers[0])
	}
	return answers[0]
}

// wellFormed is an origin as a browser writes it, but for IPv6 addresses. It
// is written down apart from the code under test.
var wellFormed = regexp.MustCompile(`^[a-z][a-z0-9.-]*://[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?(:[1-9][0-9]{0,4})?$`)

// tolerated says why jub0bs/cors may allow what we refuse: it takes requests'
// origins apart without looking at the characters of a host, since no browser
// sends such origins. "" means that there is no excuse.
func tolerated(p policy, origin string) string {
	if wellFormed.MatchString(origin) {
		return ""
	}
	// It drops the brackets around a host, whatever is in them.
	if scheme, rest, ok := strings.Cut(origin, "://["); ok {
		if i := strings.LastIndexByte(rest, ']'); i >= 0 {
			bare := scheme + "://" + rest[:i] + rest[i+1:]
			if p.Match(bare) || tolerated(p, bare) != "" {
				return "a host in brackets"
			}
		}
	}
	// Below a "*." it takes any text that is not empty for labels.
	for _, e := range p.elements {
		rest, ok := strings.CutPrefix(origin, e.scheme+"://")
		if !e.subdomains || !ok {
			continue
		}
		i := strings.LastIndex(rest, "."+e.host)
		if i <= 0 {
			continue
		}
		port := rest[i+1+len(e.host):]
		if port == "" || port == ":"+e.port || e.port == "*" && regexp.MustCompile(`^:[1-9][0-9]{0,4}$`).MatchString(port) {
			if !wellFormed.MatchString("https://" + rest[:i] + ".x") {
				return `malformed labels below a "*."`
			}
		}
	}
	return ""
}

// sizes are the numbers of elements of the policies compared.
func sizes() []int {
	sizes := []int{1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 6, 8, 8, 10, 12, 15, 20, 30}
	sizes = slices.Concat(sizes, sizes, sizes)
	return append(sizes, 60, 100, 150, 300)
}

const originsPerPolicy = 1600

// The template, the matcher and another library agree about every origin.
func TestOrigins(t *testing.T) {
	v, v2, v2Empty, others := velocity17.of(t), velocity24.of(t), velocity24Empty.of(t), airspeed.of(t)
	g := newGenerator(t)
	var policies, origins, allowed, variables, reverse int
	excuses := map[string]int{}
	for _, size := range sizes() {
		p := g.policy(size)
		theirs := newOther(t, p)
		policies++
		l := sorted(p.Policy, true)
		variables = max(variables, len(l)/2)

		seen := map[string]bool{}
		list := []string{"", "null", "*"}
		for _, o := range list {
			seen[o] = true
		}
		for tries := 0; len(list) < originsPerPolicy && tries < 50*originsPerPolicy; tries++ {
			if o := g.origin(p); !seen[o] {
				seen[o] = true
				list = append(list, o)
			}
		}
		l, half := g.shuffle(l), len(list)/2
		var wg sync.WaitGroup
		wg.Go(func() { v.agrees(t, p, l, list, modes) })
		wg.Go(func() {
			v2.agrees(t, p, l, list[:half], modes)
			v2Empty.agrees(t, p, l, list[half:], modes)
		})
		// airspeed-ext takes ten times as long.
		wg.Go(func() { others.agrees(t, p, l, list[len(list)*4/5:], modes[policies%2:][:1]) })
		wg.Wait()

		for _, o := range list {
			origins++
			match := p.Match(o)
			if match {
				allowed++
			}
			switch theirs := theirs.allows(t, o); {
			case match && !theirs:
				t.Errorf("we allow %q and jub0bs/cors does not\npolicy %q", o, p.Origins())
			case !match && theirs:
				excuse := tolerated(p, o)
				if excuse == "" {
					t.Errorf("jub0bs/cors allows %q and we do not\npolicy %q", o, p.Origins())
				}
				reverse++
				excuses[excuse]++
			}
			if match && !wellFormed.MatchString(o) {
				t.Errorf("%q is allowed\npolicy %q", o, p.Origins())
			}
		}
		if t.Failed() {
			t.FailNow() // one policy shows enough
		}
	}
	t.Logf("%d policies in up to %d stage variables, %d origins (%d allowed); jub0bs/cors alone allows %d: %v", policies, variables, origins, allowed, reverse, excuses)
	for e, least := range map[*engine]int{v: 100_000, v2: 50_000, v2Empty: 50_000, others: 20_000} {
		t.Logf("%s: %d origins, %d evaluations", e.name, e.origins, e.evaluations)
		if e.origins < least {
			t.Errorf("%s has too few to mean anything", e.name)
		}
	}
	if policies < 50 || allowed < origins/20 {
		t.Error("too few to mean anything")
	}
}

// agrees holds the engine's evaluations to the policy: in each of the modes the preflight template for each origin, and for some of
// them the response template, and the preflight template that has the allowlist in it.
func (e *engine) agrees(t *testing.T, p policy, l list, origins []string, modes []mode) {
	t.Helper()
	var b batch
	b.variables(l...)
	b.template("preflight", plan.PreflightTemplate(p.Policy))
	inline, inlined := plan.InlinePreflightTemplate(p.Policy)
	b.template("inline", inline)
	for i, text := range responseTexts {
		b.template(fmt.Sprint("text", i), text)
		b.template(fmt.Sprint("response", i), plan.ResponseTemplate(p.Policy)+text)
		for _, m := range modes {
			b.eval(m, fmt.Sprint("text", i))
		}
	}
	for _, m := range modes { // no Origin header at all
		b.eval(m, "preflight")
		b.eval(m, "response0", "Host", "api.example.com")
	}
	for i, o := range origins {
		for j, m := range modes {
			b.eval(m, "preflight", spelling(i+j), o)
			if i%4 == 0 {
				b.eval(m, fmt.Sprint("response", i/4%len(responseTexts)), spelling(i/4), o)
			}
		}
		if inlined && i%4 == 1 {
			b.eval(modes[i/8%len(modes)], "inline", spelling(i/4), o)
		}
	}
	results := e.do(t, &b)
	e.origins += len(origins)
	e.evaluations += len(results)
	texts, results := results[:len(modes)*len(responseTexts)], results[len(modes)*len(responseTexts):]
	next := func() result {
		r := results[0]
		results = results[1:]
		return r
	}
	for _, m := range modes {
		if err := errors.Join(checkPreflight(next(), "", false), checkResponse(next(), p, "", "", false)); err != nil {
			t.Errorf("%s (%s): without an Origin header: %v", e.name, m, err)
		}
	}
	for i, o := range origins {
		match := p.Match(o)
		for j, m := range modes {
			if err := checkPreflight(next(), o, match); err != nil {
				t.Errorf("%s (%s): preflight template for %q %v\npolicy %q", e.name, m, o, err, p.Origins())
			}
			if i%4 == 0 {
				r, text := next(), texts[len(modes)*(i/4%len(responseTexts))+j].text
				if e.strips {
					r.text = strings.TrimLeft(r.text, " ")
				}
				if err := checkResponse(r, p, o, text, match); err != nil {
					t.Errorf("%s (%s): response template for %q %v\npolicy %q", e.name, m, o, err, p.Origins())
				}
			}
		}
		if inlined && i%4 == 1 {
			if err := checkPreflight(next(), o, match); err != nil {
				t.Errorf("%s: inline preflight template for %q %v\npolicy %q", e.name, o, err, p.Origins())
			}
		}
	}
}

const malformedLists = 20_000

// A list that the Lambda function would refuse to read must make the template
// refuse everybody, and no other list may.
func TestMalformedLists(t *testing.T) {
	engines := []*engine{velocity17.of(t), velocity24.of(t), airspeed.of(t)}
	g := newGenerator(t)
	var lists, malformed, anyone, evaluations int
	for lists < malformedLists {
		p := g.policy(pick(g, 1, 2, 3, 5, 12, 40))
		whole := sorted(p.Policy, false)
		type attempt struct {
			list    list
			origins []string
			policy  *cors.Policy // nil: malformed
		}
		var attempts []attempt
		var b batch
		b.template("preflight", plan.PreflightTemplate(p.Policy))
		for range 200 {
			a := attempt{list: g.damage(whole)}
			a.policy, _ = cors.FromStageVariables(a.list.vars())
			a.origins = []string{g.member(pick(g, p.elements...)), g.origin(p), g.listed(a.list)}
			attempts = append(attempts, a)
			b.variables(a.list...)
			for i, o := range a.origins {
				b.eval(modes[(len(attempts)+i)%2], "preflight", spelling(i), o)
			}
		}
		for k, e := range engines {
			if k == 2 && lists%1000 != 0 {
				continue // airspeed-ext takes ten times as long
			}
			results := e.do(t, &b)
			evaluations += len(results)
			for i, a := range attempts {
				for j, o := range a.origins {
					// The one thing that only the Lambda function takes: a policy that
					// allows every origin has static headers instead of this template.
					allowed := a.policy != nil && !a.policy.AnyOrigin() && a.policy.Match(o)
					if err := checkPreflight(results[i*len(a.origins)+j], o, allowed); err != nil {
						t.Errorf("%s: %q %v\nvariables %q", e.name, o, err, a.list)
					}
				}
			}
		}
		for _, a := range attempts {
			lists++
			switch {
			case a.policy == nil:
				malformed++
			case a.policy.AnyOrigin():
				anyone++
				for name := range a.list.vars() {
					if stagevars.IsAllowlist(name) || name == stagevars.Credentials {
						t.Errorf("the function allows every origin beside %s: %q", name, a.list)
					}
				}
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d lists (%d malformed, %d for every origin), %d evaluations", lists, malformed, anyone, evaluations)
	if malformed < lists/10 || malformed > lists*9/10 || anyone == 0 {
		t.Error("nearly all of them are alike")
	}
}

// listed makes an origin which the list allows, if it allows any; malformed
// elements are tried as they stand.
func (g *generator) listed(l list) string {
	if len(l) == 0 {
		return "https://a.example.com"
	}
	e := pick(g, strings.Split(l[1+2*g.IntN(len(l)/2)], ",")...)
	e = strings.ReplaceAll(e, ":~", pick(g, "", ":"+g.port()))
	return strings.ReplaceAll(e, "~", g.label())
}

// What may come in place of a list, one by one.
func TestOddVariables(t *testing.T) {
	const origin = "https://a.example.com"
	tests := []struct {
		name string
		list list // nil: $stageVariables is undefined
		ok   bool
	}{
		{"list", list{"corsOrigins", origin}, true},
		{"two variables", list{"corsOrigins2", origin, "corsOrigins", "https://b.example.com"}, true},
		{"the second alone", list{"corsOrigins2", origin}, true},
		{"other variables", list{"other", "x", "corsOrigins", origin, "corsOriginsOld", "/", "corsCredentials", "true"}, true},
		{"undefined", nil, false},
		{"none", list{}, false},
		{"others only", list{"corsOriginsOld", origin}, false},
		{"empty", list{"corsOrigins", ""}, false},
		{"empty beside a list", list{"corsOrigins", origin, "corsOrigins2", ""}, false},
		{"trailing comma", list{"corsOrigins", origin + ","}, false},
		{"empty element", list{"corsOrigins", origin + ",,https://b.example.com"}, false},
		{"slash", list{"corsOrigins", origin + "/"}, false},
		{"slash elsewhere", list{"corsOrigins", origin, "corsOrigins2", "https://b.example.com/"}, false},
		{"upper case", list{"corsOrigins", origin + ",https://B.example.com"}, false},
		{"question mark", list{"corsOrigins", "https?://a.example.com"}, false},
		{"two dots", list{"corsOrigins", origin + ",https://b..example.com"}, false},
		{"null", list{"corsOrigins", origin + ",null"}, false},
		{"asterisk", list{"corsOrigins", "*"}, false},
		{"every origin", list{"corsOrigins", "~"}, false},
		{"every origin and others", list{"corsOrigins", "~," + origin}, false},
		{"every origin elsewhere", list{"corsOrigins", origin, "corsOrigins2", "~"}, false},
		{"regular expression", list{"corsOrigins", ".*"}, false},
		{"alternative", list{"corsOrigins", origin + "|.*"}, false},
		{"quote", list{"corsOrigins", origin + `" || "a" == "a`}, false},
		{"directive", list{"corsOrigins", origin + `,#set($corsRest = "")`}, false},
		{"reference", list{"corsOrigins", `$corsOrigin`}, false},
		{"silent reference", list{"corsOrigins", `$!{corsOrigin},https://b.example.com`}, false},
		{"end", list{"corsOrigins", origin + `#end{"statusCode": 204}`}, false},
		{"comment", list{"corsOrigins", origin + `##`}, false},
		{"replacement group", list{"corsOrigins", `https://$1`}, false},
		{"backslash", list{"corsOrigins", origin + `\E`}, false},
		{"line break", list{"corsOrigins", origin + "\n"}, false},
		{"the old form of a token", list{"corsOrigins", "=" + origin + "="}, false},
		{"an exact one", list{"corsExactOrigin", origin}, true},
		{"an exact one beside a list", list{"corsOrigins", "https://~.b.example.com", "corsExactOrigin17", origin}, true},
		{"a list beside an exact one", list{"corsOrigins", origin, "corsExactOrigin", "https://b.example.com:8443"}, true},
		{"an exact pattern", list{"corsOrigins", origin, "corsExactOrigin", "https://~.example.com"}, false},
		{"an exact port", list{"corsOrigins", origin, "corsExactOrigin", "http://localhost:~"}, false},
		{"exactly every origin", list{"corsOrigins", origin, "corsExactOrigin", "~"}, false},
		{"an exact null", list{"corsOrigins", origin, "corsExactOrigin", "null"}, false},
		{"an exact nothing", list{"corsOrigins", origin, "corsExactOrigin", ""}, false},
		{"an exact list", list{"corsOrigins", origin, "corsExactOrigin", "https://b.example.com," + origin}, false},
		{"an exact one and a comma", list{"corsExactOrigin", origin + ","}, false},
		{"an exact one and a path", list{"corsOrigins", origin, "corsExactOrigin", "https://b.example.com/"}, false},
		{"an exact one in capitals", list{"corsOrigins", origin, "corsExactOrigin", "https://B.example.com"}, false},
		{"an exact one and its port", list{"corsOrigins", origin, "corsExactOrigin", "https://b.example.com:443"}, false},
		{"an exact one and http's port", list{"corsOrigins", origin, "corsExactOrigin", "http://b.example.com:80"}, false},
		{"an exact one and the other's port", list{"corsOrigins", origin, "corsExactOrigin", "https://b.example.com:80"}, true},
		{"an exact one and another's port", list{"corsOrigins", origin, "corsExactOrigin", "httpss://b.example.com:443"}, true},
		{"an exact one with two dots", list{"corsOrigins", origin, "corsExactOrigin", "https://b..example.com"}, false},
		{"an exact one of 326", list{"corsOrigins", origin, "corsExactOrigin", "https://" + strings.Repeat("b", 318)}, true},
		{"an exact one of 327", list{"corsOrigins", origin, "corsExactOrigin", "https://" + strings.Repeat("b", 319)}, false},
		{"an exact one of 600", list{"corsOrigins", origin, "corsExactOrigin", "https://" + strings.Repeat("b", 592)}, false},
		{"line break in an exact one", list{"corsExactOrigin", origin + "\n"}, false},
		{"line break in its name", list{"corsExactOrigin\n", origin}, false},
		{"an exact variable's neighbour", list{"corsOrigins", origin, "corsExactOrigins", "/"}, true},
		{"every origin's variable", list{"corsAnyOrigin", "true"}, false},
		{"every origin's variable and a list", list{"corsAnyOrigin", "true", "corsOrigins", origin}, false},
		{"every origin's variable and an exact one", list{"corsAnyOrigin", "true", "corsExactOrigin", origin}, false},
		{"every origin's variable, not true", list{"corsAnyOrigin", "false", "corsOrigins", origin}, false},
		{"every origin's variable, empty", list{"corsAnyOrigin", "", "corsOrigins", origin}, false},
		{"every origin's variable and credentials", list{"corsAnyOrigin", "true", "corsCredentials", "true"}, false},
		{"every origin's variable, not quite", list{"corsAnyOrigin2", "true", "corsOrigins", origin}, true},
		{"all the others", list{"corsOrigins", origin, "corsCredentials", "true", "corsMaxAge", "7200", "corsMethods", "GET,PUT", "corsRequestHeaders", "~,authorization", "corsExposedHeaders", "etag"}, true},
		{"credentials", list{"corsOrigins", origin, "corsCredentials", "yes"}, false},
		{"no credentials", list{"corsOrigins", origin, "corsCredentials", ""}, false},
		{"max age", list{"corsMaxAge", "1h", "corsOrigins", origin}, false},
		{"methods", list{"corsMethods", "put", "corsOrigins", origin}, false},
		{"request headers", list{"corsOrigins", origin, "corsRequestHeaders", "X-A"}, false},
		{"exposed headers", list{"corsOrigins", origin, "corsExposedHeaders", "x'y"}, false},
		{"line break in the name", list{"corsOrigins\n", origin}, false},
	}
	for _, tt := range tests {
		if p, err := cors.FromStageVariables(tt.list.vars()); tt.ok != (err == nil && !p.AnyOrigin()) {
			t.Errorf("%s: FromStageVariables: %v", tt.name, err)
		}
	}
	p, err := cors.New(cors.Config{Origins: []string{origin}})
	if err != nil {
		t.Fatal(err)
	}
	var b batch
	b.template("preflight", plan.PreflightTemplate(p))
	for _, tt := range tests {
		if tt.list == nil {
			b.noVariables()
		} else {
			b.variables(tt.list...)
		}
		for i, m := range modes {
			b.eval(m, "preflight", spelling(i), origin)
		}
	}
	for _, e := range []*engine{velocity17.of(t), velocity24.of(t), airspeed.of(t)} {
		for i, r := range e.do(t, &b) {
			if err := checkPreflight(r, origin, tests[i/2].ok); err != nil {
				t.Errorf("%s: %s (%s): %v", e.name, tests[i/2].name, modes[i%2], err)
			}
		}
	}
}

// Java matches some regular expressions by recursion, as deep as the text is
// long, and compiles them by recursion, as deep as an alternative is long. The
// driver's stack is small. A JVM that only interprets takes the most of it, but
// too long for the longest lists, which go no deeper than a single variable.
func TestStack(t *testing.T) {
	compiled := velocity17.of(t)
	interpreted, err := startVelocity("-Xint")
	needed(t, err)
	defer func() {
		if err := interpreted.close(); err != nil {
			t.Errorf("the Java driver failed: %v", err)
		}
	}()
	fill := func(unit, end string) string { // a variable, as full as it gets
		return strings.Repeat(unit, (512-len(end))/len(unit)) + end
	}
	host := func(unit string, n int) string { return strings.Repeat(unit, n)[:n-1] + "a" }
	values := map[string]string{
		"short elements":       fill("a://a,", "a://a"),
		"short patterns":       fill("a://~.a:~,", "a://~.a:~"),
		"short ports":          fill("a://a:1,", "a://a:65535"),
		"labels":               "https://" + host("a.", 504),
		"labels of a pattern":  "https://~." + host("a.", 500) + ":~",
		"one label":            "https://" + host("a", 504),
		"hyphens":              "https://" + host("-_", 504),
		"scheme":               strings.Repeat("a.", 252) + "a://~.a",
		"longest member":       "https://" + host("a.", 253) + ":65535",
		"pattern under it":     "https://~." + host("a.", 100) + ":~",
		"no element":           strings.Repeat("a", 512),
		"no host":              strings.Repeat("a://", 128),
		"commas":               strings.Repeat(",", 512),
		"dots":                 strings.Repeat(".", 512),
		"wildcards":            strings.Repeat("~", 512),
		"unclosed":             "https://" + strings.Repeat("~.", 252),
		"everything but a dot": fill("https://a,", "https://a..b"),
	}
	origins := []string{
		"https://" + host("a.", 253) + ":65535",
		"https://" + host("a.", 318),
		"https://" + host("a", 318),
		"https://" + strings.Repeat("a.", 100) + host("a.", 100) + ":1",
		"a://a", "a://a.a.a.a:65535",
		"https://" + host("a.", 8192),
		"https://" + host("a", 8192),
		"https://" + strings.Repeat("a.", 4096) + host("a.", 253) + ":65535",
		strings.Repeat("a://", 2048),
		"https://a:" + strings.Repeat("9", 8192),
		strings.Repeat("https://a,", 819),
		strings.Repeat("\n", 8192),
	}
	p, err := cors.New(cors.Config{Origins: []string{"https://a.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	var allowed, evaluations int
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if len(values[name]) > 512 {
			t.Fatalf("%s: %d characters", name, len(values[name]))
		}
		one, exact, many := list{"corsOrigins", values[name]}, list{"corsExactOrigin", values[name]}, list{"corsOrigins", values[name]}
		for n := 2; n <= 80; n++ {
			many = append(many, fmt.Sprint("corsOrigins", n), values[name])
		}
		for _, run := range []struct {
			v *engine
			l list
		}{{interpreted, one}, {interpreted, exact}, {compiled, many}} {
			l := run.l
			policy, _ := cors.FromStageVariables(l.vars())
			var b batch
			b.template("preflight", plan.PreflightTemplate(p))
			b.variables(l...)
			for i, o := range origins {
				b.eval(modes[i%2], "preflight", "origin", o)
			}
			evaluations += b.evals
			for i, r := range run.v.do(t, &b) {
				match := policy != nil && policy.Match(origins[i])
				if match {
					allowed++
				}
				if err := checkPreflight(r, origins[i], match); err != nil {
					t.Errorf("%s in %d variables, origin %.40q (%d bytes): %v", name, len(l)/2, origins[i], len(origins[i]), err)
				}
			}
		}
	}
	t.Logf("%d evaluations, %d allowed", evaluations, allowed)
	if allowed < 10 {
		t.Error("too few match to show how deep matching goes")
	}
}
