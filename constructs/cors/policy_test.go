package cors_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/plan"
)

func many(format string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}

func mustNew(t testing.TB, cfg cors.Config) *cors.Policy {
	t.Helper()
	p, err := cors.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMatch(t *testing.T) {
	p := mustNew(t, cors.Config{Origins: []string{
		"https://app.example.com", "https://*.preview.example.com", "http://localhost:*",
		"https://*.any.example.com:*", "https://fixed.example.com:8443", "https://*.fixed.example.com:8443", "capacitor://localhost",
	}})
	for _, origin := range []string{
		"https://app.example.com", "https://a.preview.example.com", "https://a.b.preview.example.com",
		"http://localhost", "http://localhost:1", "http://localhost:65535",
		"https://a.any.example.com", "https://a.any.example.com:8443",
		"https://fixed.example.com:8443", "https://a.fixed.example.com:8443", "capacitor://localhost",
		"https://a_b.preview.example.com", "https://xn--bcher-kva.preview.example.com",
	} {
		if !p.Match(origin) {
			t.Errorf("%q is refused", origin)
		}
	}
	for _, origin := range []string{
		"", "null", "*", "https://", "app.example.com", "https://app.example.com.", "https://app.example.com:443",
		"https://app.example.com/", "https://App.example.com", "http://app.example.com",
		"https://app.example.com.evil.net", "https://evilapp.example.com", "https://appXexample.com",
		"https://preview.example.com", "https://.preview.example.com", "https://a..preview.example.com",
		"https://evilpreview.example.com", "https://a.preview.example.com:8443", "https://a.preview.example.com.evil.net",
		"https://user@a.preview.example.com", "https://evil.net/.preview.example.com", "https://evil.net?.preview.example.com",
		"https://a.preview.example.com\n", "https://é.preview.example.com",
		"http://localhost:", "http://localhost:0", "http://localhost:65536", "http://localhost:080", "http://localhost:3000/",
		"http://localhost.evil.net:3000", "https://localhost:3000", "https://fixed.example.com",
		"http://a.preview.example.com", "http://a.any.example.com", "http://a.any.example.com:8443", "capacitor://a.preview.example.com",
		"https://a.fixed.example.com", "https://a.fixed.example.com:8444", "http://a.fixed.example.com:8443",
		"https://" + strings.Repeat("a.", 4096) + "preview.example.com",
	} {
		if p.Match(origin) {
			t.Errorf("%q is allowed", origin)
		}
	}
}

// A policy for every origin is one for null too, and for no request that has
// none.
func TestMatchAnyOrigin(t *testing.T) {
	p := mustNew(t, cors.Config{Origins: []string{"*"}})
	for origin, want := range map[string]bool{"https://app.example.com": true, "null": true, "": false} {
		if got := p.Match(origin); got != want {
			t.Errorf("Match(%q) = %v", origin, got)
		}
	}
}

func headers(d cors.Decision) string {
	var lines []string
	for name, value := range d.Headers() {
		lines = append(lines, name+": "+value)
	}
	return strings.Join(lines, "\n")
}

func TestDecide(t *testing.T) {
	p := mustNew(t, cors.Config{
		Origins:          []string{"https://app.example.com", "https://b.example.com"},
		AllowCredentials: true,
		RequestHeaders:   []string{"Content-Type"},
		ExposedHeaders:   []string{"ETag"},
		MaxAge:           time.Hour,
	})
	for name, tt := range map[string]struct {
		policy *cors.Policy
		r      cors.Request
		kind   cors.Kind
		status int
		reason cors.Reason
		want   string
	}{
		"no origin": {p, cors.Request{Method: "GET"}, cors.NotCORS, 0, cors.ReasonNoOrigin, "Vary: Origin"},
		"actual": {p, cors.Request{Method: "PUT", Origin: "https://app.example.com"}, cors.Actual, 0, "",
			"Access-Control-Allow-Origin: https://app.example.com\nAccess-Control-Allow-Credentials: true\nAccess-Control-Expose-Headers: etag\nVary: Origin"},
		"refused":        {p, cors.Request{Method: "GET", Origin: "https://c.example.com"}, cors.Actual, 0, cors.ReasonNotListed, "Vary: Origin"},
		"opaque":         {p, cors.Request{Method: "GET", Origin: "null"}, cors.Actual, 0, cors.ReasonOpaque, "Vary: Origin"},
		"IPv6":           {p, cors.Request{Method: "GET", Origin: "http://[::1]:3000"}, cors.Actual, 0, cors.ReasonNotListed, "Vary: Origin"},
		"OPTIONS itself": {p, cors.Request{Method: "OPTIONS", Origin: "https://c.example.com"}, cors.Actual, 0, cors.ReasonNotListed, "Vary: Origin"},
		"preflight": {p, cors.Request{Method: "OPTIONS", Origin: "https://b.example.com", RequestMethod: "PUT", Methods: []string{"PUT", "GET"}}, cors.Preflight, 204, "",
			"Access-Control-Allow-Origin: https://b.example.com\nAccess-Control-Allow-Credentials: true\nAccess-Control-Allow-Methods: GET,PUT\nAccess-Control-Allow-Headers: content-type\nAccess-Control-Max-Age: 3600\nVary: Origin"},
		"preflight, methods unknown": {p, cors.Request{Method: "OPTIONS", Origin: "https://b.example.com", RequestMethod: "PUT"}, cors.Preflight, 204, "",
			"Access-Control-Allow-Origin: https://b.example.com\nAccess-Control-Allow-Credentials: true\nAccess-Control-Allow-Methods: PUT\nAccess-Control-Allow-Headers: content-type\nAccess-Control-Max-Age: 3600\nVary: Origin"},
		"preflight, method with a line break": {p, cors.Request{Method: "OPTIONS", Origin: "https://b.example.com", RequestMethod: "PUT\r\nX: y"}, cors.Preflight, 204, "",
			"Access-Control-Allow-Origin: https://b.example.com\nAccess-Control-Allow-Credentials: true\nAccess-Control-Allow-Headers: content-type\nAccess-Control-Max-Age: 3600\nVary: Origin"},
		"preflight, method in lower case": {p, cors.Request{Method: "OPTIONS", Origin: "https://b.example.com", RequestMethod: "patch"}, cors.Preflight, 204, "",
			"Access-Control-Allow-Origin: https://b.example.com\nAccess-Control-Allow-Credentials: true\nAccess-Control-Allow-Headers: content-type\nAccess-Control-Max-Age: 3600\nVary: Origin"},
		"preflight refused": {p, cors.Request{Method: "OPTIONS", Origin: "https://c.example.com", RequestMethod: "PUT"}, cors.Preflight, 403, cors.ReasonNotListed, "Vary: Origin"},
		"any": {mustNew(t, cors.Config{Origins: []string{"*"}, ExposedHeaders: []string{"*"}}), cors.Request{Method: "GET", Origin: "null"}, cors.Actual, 0, "",
			"Access-Control-Allow-Origin: *\nAccess-Control-Expose-Headers: *\nVary: Origin"},
		"any, no origin": {mustNew(t, cors.Config{Origins: []string{"*"}}), cors.Request{Method: "GET"}, cors.NotCORS, 0, "",
			"Access-Control-Allow-Origin: *\nVary: Origin"},
		"methods bounded": {mustNew(t, cors.Config{Origins: []string{"https://b.example.com"}, Methods: []string{"PUT", "GET"}}),
			cors.Request{Method: "OPTIONS", Origin: "https://b.example.com", RequestMethod: "DELETE", Methods: []string{"ANY"}}, cors.Preflight, 204, "",
			"Access-Control-Allow-Origin: https://b.example.com\nAccess-Control-Allow-Methods: GET,PUT\nVary: Origin"},
		"methods bounded, the resource unknown": {mustNew(t, cors.Config{Origins: []string{"https://b.example.com"}, Methods: []string{"PUT", "GET"}}),
			cors.Request{Method: "OPTIONS", Origin: "https://b.example.com", RequestMethod: "DELETE"}, cors.Preflight, 204, "",
			"Access-Control-Allow-Origin: https://b.example.com\nAccess-Control-Allow-Methods: GET,PUT\nVary: Origin"},
		"zero policy": {new(cors.Policy), cors.Request{Method: "GET", Origin: "https://b.example.com"}, cors.Actual, 0, cors.ReasonNotListed, "Vary: Origin"},
	} {
		t.Run(name, func(t *testing.T) {
			d := tt.policy.Decide(tt.r)
			if d.Kind != tt.kind || d.Status != tt.status || d.Reason != tt.reason || d.Allowed != (tt.reason == "") {
				t.Errorf("got %+v", d)
			}
			if got := headers(d); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	p := mustNew(t, cors.Config{Origins: append(many("https://a%d.example.com", 100), "https://*.example.org:*"), AllowCredentials: true})
	for _, origin := range []string{"https://a7.example.com", "https://x.y.example.org:8080", "https://evil.net"} {
		if n := testing.AllocsPerRun(100, func() { p.Decide(cors.Request{Method: "GET", Origin: origin}) }); n != 0 {
			t.Errorf("%s: %v allocations", origin, n)
		}
	}
}

func TestStageVariables(t *testing.T) {
	p := mustNew(t, cors.Config{
		Origins:        []string{"https://app.example.com", "https://*.preview.example.com", "http://localhost:*"},
		RequestHeaders: []string{"*", "Authorization"}, ExposedHeaders: []string{"ETag", "x-request-id"},
		Methods: []string{"PUT", "GET"}, MaxAge: cors.NoCache,
	})
	want := map[string]string{
		"corsOrigins":        "http://localhost:~,https://app.example.com,https://~.preview.example.com",
		"corsRequestHeaders": "~,authorization",
		"corsExposedHeaders": "etag,x-request-id",
		"corsMethods":        "GET,PUT",
		"corsMaxAge":         "0",
	}
	if got := p.StageVariables(); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	q, err := cors.FromStageVariables(want)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, q) {
		t.Errorf("read back\n%+v, want\n%+v", q, p)
	}
}

// A list longer than a variable takes several, each within the limits; adding
// an origin changes one of them, while their number stays.
func TestLongLists(t *testing.T) {
	origins := many("https://customer-%03d.example.com", 300)
	before := mustNew(t, cors.Config{Origins: origins}).StageVariables()
	if len(before) < 2 {
		t.Fatalf("got %d variables", len(before))
	}
	for name, value := range before {
		if len(value) > 512 || strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#&=,") != "" {
			t.Errorf("%s = %q cannot be a stage variable", name, value)
		}
	}
	back, err := cors.FromStageVariables(before)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(origins)
	if !slices.Equal(back.Origins(), origins) {
		t.Error("the list does not survive the stage variables")
	}
	after := mustNew(t, cors.Config{Origins: append(origins, "https://new.example.com")}).StageVariables()
	if len(after) != len(before) {
		t.Fatalf("%d variables became %d: choose another number of origins for this test", len(before), len(after))
	}
	changed := 0
	for name := range after {
		if after[name] != before[name] {
			changed++
		}
	}
	if changed != 1 {
		t.Errorf("an origin changed %d variables", changed)
	}
}

// A token's number depends on unrelated code; it must not move its origin.
func TestTokens(t *testing.T) {
	cfg := func(n int) cors.Config {
		return cors.Config{Origins: append(many("https://customer-%03d.example.com", 60),
			fmt.Sprintf("https://${Token[TOKEN.%d]}", n), fmt.Sprintf("https://${Token[TOKEN.%d]}", n+1), fmt.Sprintf("${Token[AWS.URLSuffix.%d]}", n+2),
			fmt.Sprintf("https://${Token[TOKEN.%d]}.${Token[TOKEN.%d]}", n+2, n+3), fmt.Sprintf("https://${Token[TOKEN.%d]}.${Token[TOKEN.%d]}", n+3, n+2))}
	}
	strip := func(vars map[string]string, n int) map[string]string {
		out := map[string]string{}
		for name, value := range vars {
			for i := 300; i >= 0; i-- { // from the nth on, as numbered there
				value = strings.ReplaceAll(value, fmt.Sprintf(".%d]", n+i), fmt.Sprintf("+%d]", i))
			}
			out[name] = value
		}
		return out
	}
	// The tokens' numbers get a digit more.
	a, b := mustNew(t, cfg(7)).StageVariables(), mustNew(t, cfg(9)).StageVariables()
	if a, b := strip(a, 7), strip(b, 9); !maps.Equal(a, b) {
		t.Errorf("got\n%v\nand\n%v", a, b)
	}
	for name, want := range map[string]string{
		"corsExactOrigin": "${Token[AWS.URLSuffix.9]}", "corsExactOrigin2": "https://${Token[TOKEN.7]}", "corsExactOrigin3": "https://${Token[TOKEN.8]}",
		"corsExactOrigin4": "https://${Token[TOKEN.9]}.${Token[TOKEN.10]}", "corsExactOrigin5": "https://${Token[TOKEN.10]}.${Token[TOKEN.9]}", "corsExactOrigin6": "",
	} {
		if a[name] != want {
			t.Errorf("%s = %q, want %q", name, a[name], want)
		}
	}
	for name, value := range a {
		if strings.HasPrefix(name, "corsOrigins") && strings.Contains(value, "$") {
			t.Errorf("%s holds a token: %q", name, value)
		}
	}
	if p, err := cors.FromStageVariables(map[string]string{"corsExactOrigin": "https://d1.example.net", "corsOrigins": "https://a.example.com"}); err != nil ||
		!p.Match("https://d1.example.net") || !p.Match("https://a.example.com") {
		t.Errorf("a token that became an origin: %v, %v", p, err)
	}
	one := mustNew(t, cors.Config{Origins: []string{"https://${Token[TOKEN.7]}"}, AllowCredentials: true})
	if o, ok := plan.SingleOrigin(one); ok {
		t.Errorf("%q may be put into a static header, and nothing would check it", o)
	}
	if vars := one.StageVariables(); !maps.Equal(vars, map[string]string{"corsExactOrigin": "https://${Token[TOKEN.7]}", "corsCredentials": "true"}) {
		t.Errorf("a token alone is deployed as %q", vars)
	}
	if one.Match("https://${Token[TOKEN.7]}") || one.Match("https://x") {
		t.Error("a token matches before it is known")
	}
}

// What corsgate did not write allows nobody, and says which variable it is.
func TestMalformedVariables(t *testing.T) {
	for name, tt := range map[string]struct {
		vars map[string]string
		bad  string
	}{
		"none":                {map[string]string{}, "corsOrigins"},
		"nil":                 {nil, "corsOrigins"},
		"empty":               {map[string]string{"corsOrigins": ""}, "corsOrigins"},
		"trailing comma":      {map[string]string{"corsOrigins": "https://a.example.com,"}, "corsOrigins"},
		"slash":               {map[string]string{"corsOrigins": "https://a.example.com,https://b.example.com/"}, "corsOrigins"},
		"upper case":          {map[string]string{"corsOrigins": "https://A.example.com"}, "corsOrigins"},
		"regular expression":  {map[string]string{"corsOrigins": "https?://a.example.com"}, "corsOrigins"},
		"two dots":            {map[string]string{"corsOrigins": "https://a..example.com"}, "corsOrigins"},
		"asterisk":            {map[string]string{"corsOrigins": "*"}, "corsOrigins"},
		"null":                {map[string]string{"corsOrigins": "null"}, "corsOrigins"},
		"second one":          {map[string]string{"corsOrigins": "https://a.example.com", "corsOrigins17": "b.example.com"}, "corsOrigins17"},
		"any":                 {map[string]string{"corsOrigins": "~"}, "corsOrigins"},
		"any in a list":       {map[string]string{"corsOrigins": "~,https://a.example.com"}, "corsOrigins"},
		"any beside others":   {map[string]string{"corsAnyOrigin": "true", "corsOrigins": "https://a.example.com"}, "corsAnyOrigin"},
		"any beside an exact": {map[string]string{"corsAnyOrigin": "true", "corsExactOrigin3": "https://a.example.com"}, "corsAnyOrigin"},
		"any and credentials": {map[string]string{"corsAnyOrigin": "true", "corsCredentials": "true"}, "corsAnyOrigin"},
		"any, but not true":   {map[string]string{"corsAnyOrigin": "yes"}, "corsAnyOrigin"},
		"credentials":         {map[string]string{"corsOrigins": "https://a.example.com", "corsCredentials": "yes"}, "corsCredentials"},
		"methods":             {map[string]string{"corsOrigins": "https://a.example.com", "corsMethods": "put"}, "corsMethods"},
		"headers":             {map[string]string{"corsOrigins": "https://a.example.com", "corsRequestHeaders": "X-A"}, "corsRequestHeaders"},
		"exposed":             {map[string]string{"corsOrigins": "https://a.example.com", "corsExposedHeaders": ""}, "corsExposedHeaders"},
		"old form":            {map[string]string{"corsOrigins": "https://b.example.com,=https://a.example.com="}, "corsOrigins"},
		"exact any":           {map[string]string{"corsOrigins": "https://a.example.com", "corsExactOrigin": "~"}, "corsExactOrigin"},
		"exact asterisk":      {map[string]string{"corsOrigins": "https://a.example.com", "corsExactOrigin": "*"}, "corsExactOrigin"},
		"exact null":          {map[string]string{"corsExactOrigin": "null"}, "corsExactOrigin"},
		"exact nothing":       {map[string]string{"corsOrigins": "https://a.example.com", "corsExactOrigin2": ""}, "corsExactOrigin2"},
		"exact pattern":       {map[string]string{"corsExactOrigin": "https://~.example.com"}, "corsExactOrigin"},
		"exact port pattern":  {map[string]string{"corsExactOrigin": "http://localhost:~"}, "corsExactOrigin"},
		"exact list":          {map[string]string{"corsExactOrigin": "https://a.example.com,https://b.example.com"}, "corsExactOrigin"},
		"exact break-out":     {map[string]string{"corsExactOrigin": "https://a=,https://~.com,=https://b.example.com"}, "corsExactOrigin"},
		"exact path":          {map[string]string{"corsExactOrigin": "https://a.example.com/"}, "corsExactOrigin"},
		"exact upper case":    {map[string]string{"corsExactOrigin": "https://A.example.com"}, "corsExactOrigin"},
		"exact default port":  {map[string]string{"corsExactOrigin": "https://a.example.com:443"}, "corsExactOrigin"},
		"exact http's port":   {map[string]string{"corsExactOrigin": "http://a.example.com:80"}, "corsExactOrigin"},
		"exact two dots":      {map[string]string{"corsExactOrigin": "https://a..example.com"}, "corsExactOrigin"},
		"exact and too long":  {map[string]string{"corsExactOrigin": "https://" + strings.Repeat("a", 319)}, "corsExactOrigin"},
		"exact 600":           {map[string]string{"corsExactOrigin": "https://" + strings.Repeat("a", 592)}, "corsExactOrigin"},
		"max age":             {map[string]string{"corsOrigins": "https://a.example.com", "corsMaxAge": "1h"}, "corsMaxAge"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := cors.FromStageVariables(tt.vars)
			if p != nil || err == nil || !strings.Contains(err.Error(), "stage variable "+tt.bad+", ") {
				t.Errorf("got %v, %v; want a fault of %s", p, err, tt.bad)
			}
		})
	}
	if _, err := cors.FromStageVariables(map[string]string{"corsOrigins": "https://a.example.com", "corsOriginsOld": "x", "other": "y"}); err != nil {
		t.Errorf("other variables matter: %v", err)
	}
}

// What is written to a variable by mistake is told with what to write, element by element; what is told to be written is
// valid.
func TestVariableFixes(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"corsOrigins", "https://a.example.com/", `"https://a.example.com/": an origin ends with the host or port, without a slash or path; write https://a.example.com`},
		{"corsOrigins", "https://*.example.com", `"https://*.example.com": a stage variable has ~ for *; write https://~.example.com`},
		{"corsOrigins", "http://localhost:*", `"http://localhost:*": a stage variable has ~ for *; write http://localhost:~`},
		{"corsOrigins", "https://b.example.com, https://a.example.com", `" https://a.example.com": a blank stands beside it; write https://a.example.com`},
		{"corsOrigins", " HTTPS://*.Example.com:8443/x?y ", `" HTTPS://*.Example.com:8443/x?y ": a blank stands beside it; write https://~.example.com:8443`},
		{"corsOrigins", "a.example.com", `"a.example.com": it has no scheme; write https://a.example.com`},
		{"corsOrigins", "https://b.example.com,", `"": an element of the list is empty; delete the comma before or behind it`},
		{"corsOrigins", "", `"": the list is empty; write the origins, or delete it`},
		{"corsOrigins", "https://a.example.com;https://b.example.com", "a comma separates them); write one, or delete it"},
		{"corsOrigins", "*", "a list names origins, and never every one"},
		{"corsMaxAge", "2h", `"2h": it is a number of seconds, 0 to 99999, without leading zeros; write 7200`},
		{"corsMaxAge", "007", "write 7"},
		{"corsMaxAge", " 60", "write 60"},
		{"corsMaxAge", "-1", "write 0"},
		{"corsMaxAge", "31536000", "write 86400"},
		{"corsMaxAge", "forever", "write it so, or delete the variable"},
		{"corsMethods", "get, put", "write GET,PUT"},
		{"corsMethods", "*", "write it so, or delete the variable"},
		{"corsRequestHeaders", "Content-Type, X-*", "write content-type,x-~"},
		{"corsCredentials", "True", "write true, or delete it"},
	} {
		vars := map[string]string{"corsOrigins": "https://b.example.com"}
		vars[tt.name] = tt.value
		_, err := cors.FromStageVariables(vars)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s=%q: %v\nwant %s", tt.name, tt.value, err, tt.want)
			continue
		}
		var fault *cors.VariableError
		if errors.As(err, &fault); strings.HasPrefix(fault.Fix, "write ") && !strings.ContainsAny(strings.TrimPrefix(fault.Fix, "write "), " ,") {
			vars[tt.name] = strings.TrimPrefix(fault.Fix, "write ")
			if _, err := cors.FromStageVariables(vars); err != nil {
				t.Errorf("%s=%q: with the fix: %v", tt.name, tt.value, err)
			}
		}
	}
	_, err := cors.FromStageVariables(map[string]string{"corsOrigins": "https://a.example.com/,https://b.example.com, https://c.example.com", "corsMaxAge": "2h"})
	var all *cors.ConfigError
	if !errors.As(err, &all) || len(all.Faults) != 3 {
		t.Errorf("not every element and variable is told: %v", err)
	}
}

// Only what is one origin is sent as one.
func TestSingleOrigin(t *testing.T) {
	for origins, want := range map[string]string{
		"https://a.example.com":                       "https://a.example.com",
		"https://a.example.com https://b.example.com": "",
		"http://localhost:*":                          "",
		"https://*.example.com":                       "",
		"*":                                           "",
		"https://${Token[TOKEN.7]}":                   "",
		"${Token[TOKEN.7]}":                           "",
	} {
		got, ok := plan.SingleOrigin(mustNew(t, cors.Config{Origins: strings.Fields(origins)}))
		if got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", origins, got, ok)
		}
	}
}

// The tokens count towards the variables that an allowlist may take.
func TestManyTokens(t *testing.T) {
	origins := many("https://${Token[TOKEN.%d]}", 80)
	if n := len(mustNew(t, cors.Config{Origins: origins}).StageVariables()); n != 80 {
		t.Errorf("80 tokens take %d variables", n)
	}
	for one, want := range map[string]string{
		"https://a.example.com":      "the 80 stage variables that an allowlist may take: each holds 512 characters, and whole origins; 80 more origins have CDK tokens and take a stage variable each",
		"https://${Token[TOKEN.80]}": "Origins: 81 origins have CDK tokens and take a stage variable each; an allowlist may take 80; name fewer",
	} {
		_, err := cors.New(cors.Config{Origins: append(origins, one)})
		var size *cors.SizeError
		if !errors.As(err, &size) || !strings.Contains(err.Error(), want) {
			t.Errorf("80 tokens and %s: %v, want %q", one, err, want)
		}
	}
	known := many("https://customer-%04d.example.com", 300)
	if _, err := cors.New(cors.Config{Origins: append(known, origins[:10]...)}); err != nil {
		t.Error(err)
	}
	if _, err := cors.New(cors.Config{Origins: append(known, origins[:70]...)}); err == nil {
		t.Error("300 origins fit beside 70 tokens")
	}
}
