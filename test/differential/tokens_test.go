package differential

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	jub0bs "github.com/jub0bs/cors"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/constructs/corslambda"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// What a stage variable may hold (API Gateway's API model).
const stageAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#&=,"

// Origins with tokens, as a CDK app writes them: each % is a token.
var tokenForms = []string{
	"%", "%", "https://%", "https://%", "https://%.example.com", "https://%.example.com", "https://app.%", "https://%:8443", "http://%",
	"%://app.example.com", "https://x-%.y.%", "https://%%", "https://app.example.com:%", "%app.example.com", "%.example.com:3000",
}

const (
	tokenValues   = 200_000
	valuesPerTest = 100
)

// Whatever tokens become, nobody is allowed beside the origins of the list and
// the token's own exact value, and nobody at all where a value is no origin.
func TestTokenValues(t *testing.T) {
	engines := []*engine{velocity17.of(t), velocity24.of(t)}
	g := newGenerator(t)
	h := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200}, nil
	}, corslambda.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	type attempt struct {
		list    list
		values  []string // what the origins with tokens become
		state   validity // of all of them
		origins []string
	}
	var values, right, allowed, evaluations int
	count := map[validity]int{}
	for values < tokenValues {
		p, forms := g.tokenPolicy()
		var attempts []attempt
		var b batch
		b.template("preflight", plan.PreflightTemplate(p.Policy))
		b.template("response", plan.ResponseTemplate(p.Policy))
		for range valuesPerTest {
			a := attempt{state: valid}
			vars := p.StageVariables()
			for name, value := range vars {
				if !strings.HasPrefix(name, stagevars.ExactOrigin) && strings.Contains(value, "${") {
					t.Fatalf("%s holds a token: %q", name, value)
				}
			}
			for _, name := range slices.Sorted(maps.Keys(vars)) {
				if strings.HasPrefix(name, stagevars.ExactOrigin) {
					vars[name] = g.deployed(vars[name])
					a.values = append(a.values, vars[name])
					a.state = min(a.state, judge(vars[name]))
				}
				a.list = append(a.list, name, vars[name])
			}
			if len(a.values) != forms {
				t.Fatalf("%d origins with tokens are deployed in %d variables: %q", forms, len(a.values), vars)
			}
			a.origins = []string{g.breakout(pick(g, a.values...)), g.plain(p, a.values)}
			attempts = append(attempts, a)
			b.variables(a.list...)
			for i, o := range a.origins {
				b.eval(modes[(len(attempts)+i)%2], pick(g, "preflight", "preflight", "response"), spelling(i), o)
			}
		}
		templates := eachDoes(t, engines, &b)
		for i, a := range attempts {
			values += len(a.values)
			count[a.state]++
			policy, err := cors.FromStageVariables(a.list.vars())
			if (a.state == valid) != (err == nil) && a.state != unclear {
				t.Errorf("tokens that became %q: %v", a.values, err)
			}
			for j, o := range a.origins {
				// What is right does not come from the code that reads variables: the
				// policy's list holds no token.
				may := a.state != invalid && (p.Match(o) || slices.Contains(a.values, o))
				if a.state == unclear && err != nil {
					may = false
				}
				if may {
					allowed++
				}
				if got := policy != nil && policy.Match(o); got != may {
					t.Errorf("policy: %q is allowed: %v, want %v\nvariables %q", o, got, may, a.list)
				}
				event := events.APIGatewayProxyRequest{HTTPMethod: "GET", Path: "/", Headers: map[string]string{spelling(j): o}, StageVariables: a.list.vars()}
				response, err := h(context.Background(), event)
				if echo, ok := response.Headers[allowOrigin]; err != nil || ok != may || may && echo != o {
					t.Errorf("function: %q gets %q, want it allowed: %v\nvariables %q", o, echo, may, a.list)
				}
				for k, e := range engines {
					r := templates[k][i*len(a.origins)+j]
					evaluations++
					echo, ok := r.overrides[allowOrigin]
					if r.err != "" || ok != may || may && echo != o || strings.Contains(r.text, "204") && !may {
						t.Errorf("%s: %q gets %q (%s%s), want it allowed: %v\nvariables %q", e.name, o, echo, r.text, r.err, may, a.list)
					}
				}
				right++
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d drawn values of tokens (sets of them: %d valid, %d invalid, %d that only jub0bs/cors refuses), %d decisions (%d allowed) of policy, function and %d templates: none wrong",
		values, count[valid], count[invalid], count[unclear], right, allowed, evaluations)
	if count[valid] < tokenValues/20 || count[unclear] > count[valid] || allowed < right/50 {
		t.Error("too few of a kind to mean anything")
	}
}

// eachDoes sends a batch to every engine at the same time.
func eachDoes(t *testing.T, engines []*engine, b *batch) [][]result {
	t.Helper()
	results := make([][]result, len(engines))
	done := make(chan int)
	for i, e := range engines {
		go func() {
			defer func() { done <- i }()
			results[i] = e.do(t, b)
		}()
	}
	for range engines {
		<-done
	}
	for i, r := range results {
		if r == nil {
			t.Fatalf("%s did not answer", engines[i].name)
		}
	}
	return results
}

// A validity is what a token's value is, by others than the code under test.
type validity int

const (
	invalid validity = iota
	unclear          // it looks like one exact origin, and jub0bs/cors refuses the host
	valid
)

var usualPort = regexp.MustCompile(`^(https://.*:443|http://.*:80)$`)

func judge(value string) validity {
	if !wellFormed.MatchString(value) || strings.Contains(value, "..") || usualPort.MatchString(value) || len(value) > 64+3+253+6 {
		return invalid
	}
	if _, err := jub0bs.NewMiddleware(jub0bs.Config{Origins: []string{value}}); err != nil {
		return unclear
	}
	return valid
}

// tokenPolicy makes a policy with tokens, and says how many origins have some.
func (g *generator) tokenPolicy() (policy, int) {
	p := g.policy(pick(g, 1, 1, 2, 3, 8))
	if g.chance(30) {
		p.elements, p.config.Origins = nil, nil
	}
	n := 0
	forms := map[string]bool{}
	for range pick(g, 1, 1, 2, 4) {
		o := pick(g, tokenForms...)
		for strings.Contains(o, "%") {
			n++
			o = strings.Replace(o, "%", fmt.Sprintf("${Token[TOKEN.%d]}", n), 1)
		}
		cfg := p.config
		cfg.Origins = []string{o}
		if _, err := cors.New(cfg); err == nil {
			forms[o] = true
			p.config.Origins = append(p.config.Origins, o)
		}
	}
	var err error
	if p.Policy, err = cors.New(p.config); err != nil {
		return g.tokenPolicy() // none of the forms was accepted
	}
	if len(forms) == 0 {
		return g.tokenPolicy()
	}
	return p, len(forms)
}

var tokenMarker = regexp.MustCompile(`\$\{Token\[[^\]]*\]\}`)

// deployed makes the value of a variable whose tokens have been resolved. Most
// values of a token are what belongs there, or near it.
func (g *generator) deployed(text string) string {
	if strings.HasPrefix(text, "${") && g.chance(15) {
		return g.hostile(text) // all of it
	}
	return tokenMarker.ReplaceAllStringFunc(text, func(string) string {
		good := pick(g, g.label(), g.label()+"."+g.label()+".com", "https", "8443", "https://"+g.label()+".example.com", g.label()+".com:"+g.port())
		if text == "${Token[TOKEN.1]}" {
			good = "https://" + g.label() + ".example.com"
		}
		if g.chance(45) {
			return good
		}
		return g.hostile(good)
	})
}

// hostile makes a value out of the whole alphabet of stage variables, often out of
// one that would be right.
func (g *generator) hostile(good string) string {
	evil := "https://" + pick(g, "~.com", "~.evil.com", "evil.com", "evil.com:~", "~.com:~")
	switch g.IntN(12) {
	case 0:
		return g.text(stageAlphabet, g.IntN(60))
	case 1: // out of a list
		return good + pick(g, "", "=", "/", ":1", "~", "?") + "," + evil + "," + pick(g, "", "=", "https://", "~.", "x:") + pick(g, "b", good, g.label())
	case 2:
		return pick(g, "null", "*", "~", "", "NULL", "~,~", ",", "=", "=~=", "://", "https://", "https://~", "https://*", "true", "undefined", "http://", ".", "..", "-", "_", ":", ":~", "#end", "##", "#")
	case 3: // whole values
		return pick(g, evil, "https://evil.com", "https://evil.com/", "https://evil.com/x", "https://EVIL.com", "https://evil.com:443", "http://evil.com:80",
			"https://evil.com:0443", "https://user:x/evil.com", "https://evil.com?", "https://evil.com#", "https://evil.com:", "https://evil..com", "https:evil.com",
			"HTTPS://evil.com", "https://"+strings.Repeat("a", 592), strings.Repeat("a.", 300), "https://"+strings.Repeat("ab.", 105)+"com", "https://evil.com:65536",
			"="+good+"=,"+evil+",="+good+"=", "corsOrigins="+evil, good+",corsExactOrigin="+evil)
	case 4: // another character
		i := g.IntN(len(good) + 1)
		return good[:i] + g.text(stageAlphabet, 1) + good[min(i+g.IntN(2), len(good)):]
	case 5:
		return good + g.text(stageAlphabet, 1+g.IntN(3))
	case 6:
		return g.text(stageAlphabet, 1+g.IntN(3)) + good
	case 7: // what means something in a regular expression, or in a template
		i := g.IntN(len(good) + 1)
		return good[:i] + pick(g, "?", ".", "..", "-", ".?", "#set", "#end", "##", "~.", "~", "=", "?:", "?=", "?#", "&&", ".~", ",", ",,", "#if") + good[i:]
	case 8: // the end of a host, or of an origin
		return pick(g, "evil.com/", "evil.com?", "evil.com#", "evil.com:8080", "evil.com:443", "evil.com/,", "evil.com,https://", "evil.com=,https://", "evil.com&") + pick(g, "", good)
	case 9:
		return pick(g, strings.ToUpper(good), good+".", "."+good, good+"..", good+":443", good+":80", good+":~", "~."+good, good+"/")
	case 10:
		return g.text(stageAlphabet, pick(g, 1, 2, 3, 4, 300, 512))
	default:
		return g.text("abc019-._~:/=,", g.IntN(12))
	}
}

// breakout makes the origin that a hostile value is most likely meant to let in.
func (g *generator) breakout(value string) string {
	parts := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '=' })
	if len(parts) == 0 || g.chance(10) {
		return pick(g, "null", "https://evil.com", "*", "~", "https://a.evil.com", "https://x.com")
	}
	o := pick(g, parts...)
	o = strings.ReplaceAll(o, ":~", pick(g, "", ":8080"))
	o = strings.ReplaceAll(o, "~", pick(g, "evil", "a.b"))
	if g.chance(20) {
		o = pick(g, strings.ToLower(o), strings.TrimSuffix(o, ":443"), strings.TrimSuffix(o, "/"), "https://"+o, strings.ReplaceAll(o, ".", "x"), o+".")
	}
	if o == "" {
		return "null"
	}
	return o
}

// plain makes an origin that is allowed where everything is well formed: a token's
// value, or a member of the list.
func (g *generator) plain(p policy, values []string) string {
	if o := pick(g, values...); len(p.elements) == 0 || o != "" && g.chance(60) {
		return o
	}
	return g.member(pick(g, p.elements...))
}

// Values of the token in "https://" + token + ".example.com", each a way out of a
// list, and what it was to let in.
var breakouts = []struct{ value, origin string }{
	{"a=,https://~.com,=https://b", "https://evil.com"},
	{"a,https://~.com,https://b", "https://evil.com"},
	{"a=,https://evil.com,=https://b", "https://evil.com"},
	{"a=,http://~.com:~,=https://b", "http://evil.com:8080"},
	{"~", "https://evil.example.com"},
	{"~.com:~,https://b", "https://evil.com"},
	{"evil.com/", "https://evil.com"},
	{"evil.com#", "https://evil.com"},
}

// However a policy with a token is deployed, no value of the token lets anybody
// else in.
func TestTokenBreaksOut(t *testing.T) {
	p, err := cors.New(cors.Config{Origins: []string{"https://${Token[TOKEN.7]}.example.com"}, AllowCredentials: true})
	if err != nil {
		t.Fatal(err)
	}
	h := corslambda.Wrap(func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200}, nil
	}, corslambda.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	var b batch
	b.template("preflight", plan.PreflightTemplate(p))
	for _, x := range breakouts {
		vars := p.StageVariables()
		var l list
		for _, name := range slices.Sorted(maps.Keys(vars)) {
			vars[name] = tokenMarker.ReplaceAllLiteralString(vars[name], x.value)
			l = append(l, name, vars[name])
		}
		b.variables(l...)
		b.eval(stock, "preflight", "origin", x.origin)
		event := events.APIGatewayProxyRequest{HTTPMethod: "GET", Path: "/", Headers: map[string]string{"origin": x.origin}, StageVariables: vars}
		if r, err := h(context.Background(), event); err != nil || r.Headers[allowOrigin] != "" {
			t.Errorf("the function sends %q, %v where the token is %q", r.Headers, err, x.value)
		}
	}
	for _, e := range []*engine{velocity17.of(t), velocity24.of(t), airspeed.of(t)} {
		for i, r := range e.do(t, &b) {
			if err := checkPreflight(r, breakouts[i].origin, false); err != nil {
				t.Errorf("%s: %q where the token is %q: %v", e.name, breakouts[i].origin, breakouts[i].value, err)
			}
		}
	}
}

// The two readers of a stage's variables come to the same where somebody edits the
// list of a policy into one that would allow every origin: nobody is allowed.
func TestEveryOriginByHand(t *testing.T) {
	const origin = "https://evil.com"
	p, err := cors.New(cors.Config{Origins: []string{"https://a.example.com", "https://${Token[TOKEN.7]}"}})
	if err != nil {
		t.Fatal(err)
	}
	lists := []list{{"corsOrigins", "~"}, {"corsOrigins", "~,~"}, {"corsOrigins", "*"}, {"corsOrigins", "https://a.example.com", "corsExactOrigin", "~"},
		{"corsOrigins", "https://a.example.com", "corsAnyOrigin", "true"}, {"corsExactOrigin", "https://a.example.com", "corsAnyOrigin", "true"},
		{"corsOrigins", "", "corsAnyOrigin", "true"}, {"corsOrigins2", "~", "corsOrigins", "~"}}
	var b batch
	b.template("preflight", plan.PreflightTemplate(p))
	for _, l := range lists {
		b.variables(l...)
		b.eval(stock, "preflight", "origin", origin)
		if policy, err := cors.FromStageVariables(l.vars()); err == nil && (policy.AnyOrigin() || policy.Match(origin)) {
			t.Errorf("the function allows every origin with %q", l)
		}
	}
	for _, e := range []*engine{velocity17.of(t), velocity24.of(t), airspeed.of(t)} {
		for i, r := range e.do(t, &b) {
			if err := checkPreflight(r, origin, false); err != nil {
				t.Errorf("%s: %q %v", e.name, lists[i], err)
			}
		}
	}
}
