package cors_test

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	jub0bs "github.com/jub0bs/cors"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/plan"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// port is 1 to 65535 as a regular expression.
const port = `(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`

// wellFormed is an origin that may be allowed by a policy which does not allow
// every origin.
var wellFormed = regexp.MustCompile(`^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*\.?://[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?(?::` + port + `)?$`)

// variablesOf reads stage variables from a fuzzer's text: NAME=VALUE, one a line.
func variablesOf(text string) map[string]string {
	vars := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		vars[name] = value
	}
	return vars
}

// FuzzStageVariables reads what a stage may hold, written by whomever.
func FuzzStageVariables(f *testing.F) {
	for _, text := range []string{
		"corsOrigins=https://app.example.com,https://~.preview.example.com,http://localhost:~",
		"corsOrigins=https://a.example.com\ncorsOrigins2=https://~.b.example.com:~\ncorsCredentials=true\ncorsMaxAge=7200",
		"corsAnyOrigin=true\ncorsRequestHeaders=~,authorization\ncorsExposedHeaders=~\ncorsMethods=GET,PUT",
		"corsExactOrigin=https://app.example.com\ncorsExactOrigin7=https://b.example.com:8443\ncorsOrigins=https://~.example.com",
		"corsExactOrigin=https://a=,https://~.com,=https://b.example.com",
		"corsOrigins=capacitor://localhost,com.example.app://x,http://127.0.0.1:8080,https://a_b.example.com.",
		"corsOrigins=https://a..example.com,https://~.,://:~\ncorsOrigins99=\ncorsMaxAge=-1",
	} {
		f.Add(text, "https://app.example.com")
		f.Add(text, "https://a.b.example.com:65536")
	}
	f.Fuzz(func(t *testing.T, text, origin string) {
		p, err := cors.FromStageVariables(variablesOf(text))
		if (p == nil) != (err != nil) {
			t.Fatalf("got %v and %v", p, err)
		}
		if p == nil {
			return
		}
		if !p.AnyOrigin() && p.Match(origin) && !wellFormed.MatchString(origin) {
			t.Errorf("%q is allowed", origin)
		}
		if !p.AnyOrigin() && p.Match("") || p.AnyOrigin() && p.Credentials() {
			t.Error("it allows what no policy may")
		}
		vars := p.StageVariables()
		origins := p.Origins()
		if !p.AnyOrigin() && !slices.ContainsFunc(slices.Collect(maps.Keys(vars)), stagevars.IsAllowlist) {
			// It does not fit, as only a list can that no stage held.
			if len(strings.Join(origins, ",")) < 20_000 && !slices.ContainsFunc(origins, func(o string) bool { return len(o) > 512 }) {
				t.Fatalf("%d origins fit in no number of variables", len(origins))
			}
			return
		}
		for name, value := range vars {
			if stagevars.IsAllowlist(name) && len(value) > 512 {
				t.Errorf("%s has %d characters", name, len(value))
			}
		}
		back, err := cors.FromStageVariables(vars)
		if err != nil {
			t.Fatalf("it does not read what it wrote: %v", err)
		}
		if !reflect.DeepEqual(back, p) {
			t.Errorf("got\n%+v\nfrom\n%+v", back, p)
		}
	})
}

// oracle is the matcher written as the mapping template has it: one regular
// expression for the whole list.
func oracle(list string) *regexp.Regexp {
	r := strings.NewReplacer(".", `\.`, ",", "|", "~.", `[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.`, ":~", "(?::"+port+")?")
	return regexp.MustCompile("^(?:" + r.Replace(list) + ")$")
}

// FuzzMatch holds the matcher against its oracle.
func FuzzMatch(f *testing.F) {
	const list = "https://app.example.com,https://~.preview.example.com,http://localhost:~,https://~.any.example.com:~,https://fixed.example.com:8443,capacitor://localhost"
	for _, origin := range []string{
		"https://app.example.com", "https://app.example.com.", "https://app.example.com:443", "https://a.preview.example.com",
		"https://preview.example.com", "https://a..preview.example.com", "https://evilpreview.example.com", "https://a.preview.example.com:1",
		"http://localhost", "http://localhost:65535", "http://localhost:65536", "http://localhost:080", "http://localhost:", "https://x.any.example.com:8443",
		"https://user@a.preview.example.com", "https://a.preview.example.com\n", "https://\u00e9.preview.example.com", "null", "",
	} {
		f.Add(list, origin)
	}
	f.Add("https://~.com,https://~.b.com:1,https://b.com:~,http://~.b.com:~", "https://a.b.com:1")
	f.Add("a://~.a:~,a://a:~,a://~.a,a://a", "a://a.a:1")
	f.Add("https://~.a.", "https://b.a.")
	f.Fuzz(func(t *testing.T, list, origin string) {
		p, err := cors.FromStageVariables(map[string]string{stagevars.Origins: list})
		if err != nil || p.AnyOrigin() {
			return
		}
		want := len(origin) <= 326 && oracle(list).MatchString(origin)
		if got := p.Match(origin); got != want {
			t.Errorf("Match(%q) = %v, the list is %q", origin, got, list)
		}
		// Folding may not lose an origin, and dealing the list out may not either.
		again, err := cors.FromStageVariables(p.StageVariables())
		if err == nil && again.Match(origin) != want {
			t.Errorf("Match(%q) = %v after a round trip, the list is %q", origin, !want, list)
		}
	})
}

var (
	// What a stage variable may hold (API Gateway's API model).
	carried = regexp.MustCompile(`^[A-Za-z0-9._~:/?#&=,-]+$`)
	// A CDK token, which is gone before anything is deployed.
	cdkToken = regexp.MustCompile(`\$\{Token\[[a-zA-Z0-9:._-]+\]\}`)
	// A top-level domain that nobody registers names in, which the peer takes
	// for a public suffix.
	reserved = regexp.MustCompile(`://\*\.(example|localhost|test)\.?(:|$)`)
)

// FuzzNew writes policies as a person might, or somebody who wants to break
// out of a mapping template.
func FuzzNew(f *testing.F) {
	f.Add("https://app.example.com\nhttps://*.preview.example.com\nhttp://localhost:*", "Content-Type\nX-Api-Key", "ETag", "GET\nPUT", int64(7200), uint8(0))
	f.Add("https://*.example.com\nhttps://a.example.com\nhttps://b.example.com\nhttps://a.example.com", "*\nauthorization", "*", "", int64(0), uint8(0))
	f.Add("https://app.example.com\nhttps://${Token[TOKEN.46]}", "content-type", "etag", "", int64(60), uint8(1))
	f.Add("*", "", "", "", int64(-1), uint8(0))
	f.Add("https://a.example.com\" || $origin != \"", "x\"y", "$x\n#end", "GET'", int64(1), uint8(7))
	f.Add("http://a.example.com\nhttps://*.github.io\nhttps://xn--bcher-kva.example\nhttps://1.2.3.4:8080", "", "", "", int64(86401), uint8(6))
	f.Add("https://${Token[x\",https://evil.net]}", "", "", "", int64(0), uint8(0))
	f.Fuzz(func(t *testing.T, origins, requestHeaders, exposedHeaders, methods string, maxAge int64, flags uint8) {
		lines := func(s string) []string {
			if s == "" {
				return nil
			}
			return strings.Split(s, "\n")
		}
		cfg := cors.Config{
			Origins:                            lines(origins),
			RequestHeaders:                     lines(requestHeaders),
			ExposedHeaders:                     lines(exposedHeaders),
			Methods:                            lines(methods),
			MaxAge:                             time.Duration(maxAge%100_000) * time.Second,
			AllowCredentials:                   flags&1 != 0,
			DangerouslyTolerateInsecureOrigins: flags&2 != 0,
			DangerouslyTolerateSubdomainsOfPublicSuffixes: flags&4 != 0,
		}
		if maxAge == -1 {
			cfg.MaxAge = cors.NoCache
		}
		p, err := cors.New(cfg)
		if (p == nil) != (err != nil) {
			t.Fatalf("got %v and %v", p, err)
		}
		if p == nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}

		tokens := false
		for name, value := range p.StageVariables() {
			if known := cdkToken.ReplaceAllString(value, "x"); known != value {
				if !strings.HasPrefix(name, stagevars.ExactOrigin) || strings.Contains(known, ",") {
					t.Errorf("%s holds a token: %q", name, value)
				}
				tokens, value = true, known
			} else if len(value) > 512 {
				t.Errorf("%s has %d characters", name, len(value))
			}
			if !carried.MatchString(value) {
				t.Errorf("%s cannot be %q", name, value)
			}
		}
		if !tokens {
			other := jub0bs.Config{
				Origins:                            cfg.Origins,
				Credentialed:                       cfg.AllowCredentials,
				Methods:                            cfg.Methods,
				RequestHeaders:                     cfg.RequestHeaders,
				ResponseHeaders:                    cfg.ExposedHeaders,
				MaxAgeInSeconds:                    int(cfg.MaxAge / time.Second),
				DangerouslyTolerateInsecureOrigins: cfg.DangerouslyTolerateInsecureOrigins,
				DangerouslyTolerateSubdomainsOfPublicSuffixes: cfg.DangerouslyTolerateSubdomainsOfPublicSuffixes || slices.ContainsFunc(cfg.Origins, reserved.MatchString),
			}
			if cfg.MaxAge == cors.NoCache {
				other.MaxAgeInSeconds = -1
			}
			if _, err := jub0bs.NewMiddleware(other); err != nil {
				t.Errorf("jub0bs/cors refuses %+v: %v", cfg, err)
			}
			if single, ok := plan.SingleOrigin(p); ok && !wellFormed.MatchString(single) {
				t.Errorf("%q is sent without a check", single)
			}
			back, err := cors.FromStageVariables(p.StageVariables())
			if err != nil {
				t.Fatalf("it does not read what it wrote: %v", err)
			}
			if !slices.Equal(back.Origins(), p.Origins()) || !maps.Equal(back.StageVariables(), p.StageVariables()) {
				t.Errorf("got\n%+v\nfrom\n%+v", back, p)
			}
		}
		if _, ok := plan.SingleOrigin(p); ok && tokens {
			t.Error("a token is sent without a check")
		}
		checkTemplates(t, p)

		cfg.Origins = append(slices.Clone(cfg.Origins), cfg.Origins[0])
		slices.Reverse(cfg.Origins)
		again, err := cors.New(cfg)
		if err != nil {
			t.Fatalf("with its origins in another order: %v", err)
		}
		if !reflect.DeepEqual(again, p) {
			t.Errorf("the order of the origins matters:\n%+v\n%+v", again, p)
		}
	})
}

// checkTemplates checks that of what a person wrote only header names stand in
// a template, and nothing in them that means something there.
func checkTemplates(t *testing.T, p *cors.Policy) {
	t.Helper()
	const allowed = "https://template.example.com"
	plain, err := cors.New(cors.Config{Origins: []string{allowed}, AllowCredentials: p.Credentials()})
	if err != nil {
		t.Fatal(err)
	}
	if p.AnyOrigin() {
		if got := plan.PreflightTemplate(p); got != `{"statusCode": 204}` {
			t.Errorf("preflight template %q", got)
		}
		if got := plan.ResponseTemplate(p); got != "" {
			t.Errorf("response template %q", got)
		}
		return
	}
	if plan.PreflightTemplate(p) != plan.PreflightTemplate(plain) {
		t.Errorf("the policy shows in %q", plan.PreflightTemplate(p))
	}
	// Up to the exposed headers the text is the same for every policy.
	got, want := plan.ResponseTemplate(p), plan.ResponseTemplate(plain)
	n := 0
	for n < len(got) && n < len(want) && got[n] == want[n] {
		n++
	}
	end := len(want) - n
	if !strings.HasSuffix(got, want[len(want)-end:]) {
		t.Fatalf("%q does not end as %q", got, want)
	}
	added := got[n : len(got)-end]
	if names := p.ExposedHeaders(); names == "" {
		if added != "" {
			t.Errorf("the template has %q", added)
		}
	} else {
		before, after, ok := strings.Cut(added, names)
		if !ok || strings.ContainsAny(names, "\"'$#\\\r\n") || strings.Count(before+after, `"`) != 2 || strings.Count(before+after, "#") != 1 {
			t.Errorf("the template has %q", added)
		}
	}
}
