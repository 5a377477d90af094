package cors_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/constructs/cors"
)

// Every invalid origin has a message of its own, with the fix.
func TestInvalidOrigins(t *testing.T) {
	for _, tt := range []struct {
		origin string
		cfg    cors.Config
		reason cors.OriginReason
		cure   string // part of the message
	}{
		{origin: "https://app.example.com/", reason: cors.OriginTrailingSlash, cure: `remove the trailing slash: write "https://app.example.com"`},
		{origin: "https://app.example.com/index.html", reason: cors.OriginPath, cure: `write "https://app.example.com"`},
		{origin: "https://app.example.com?x=1", reason: cors.OriginPath, cure: `write "https://app.example.com"`},
		{origin: "https://app.example.com#top", reason: cors.OriginPath, cure: `write "https://app.example.com"`},
		{origin: "https://App.Example.com", reason: cors.OriginUpperCase, cure: `write "https://app.example.com"`},
		{origin: "HTTPS://App.example.com:443/", reason: cors.OriginUpperCase, cure: `write "https://app.example.com"`},
		{origin: "https://app.example.com:443", reason: cors.OriginDefaultPort, cure: `remove :443: write "https://app.example.com"`},
		{origin: "http://app.example.com:80", reason: cors.OriginDefaultPort, cure: `write "http://app.example.com"`},
		{origin: "https://app.example.com:0", reason: cors.OriginPort, cure: "1 to 65535"},
		{origin: "https://app.example.com:65536", reason: cors.OriginPort, cure: "1 to 65535"},
		{origin: "https://app.example.com:080", reason: cors.OriginPort, cure: "leading zeros"},
		{origin: "https://app.example.com:", reason: cors.OriginPort, cure: `write "https://app.example.com"`},
		{origin: "app.example.com", reason: cors.OriginNoScheme, cure: `write "https://app.example.com"`},
		{origin: "file:///index.html", reason: cors.OriginScheme, cure: "http://localhost"},
		{origin: "9https://app.example.com", reason: cors.OriginScheme, cure: "https://"},
		{origin: "web+app://x.example.com", reason: cors.OriginCharacter, cure: "another scheme"},
		{origin: "null", reason: cors.OriginNull, cure: "an origin of its own"},
		{origin: "NULL", reason: cors.OriginNull, cure: "name that\n"},
		{origin: " null", reason: cors.OriginNull, cure: "name that\n"},
		{origin: "localhost:3000", reason: cors.OriginNoScheme, cure: `write "http://localhost:3000"`},
		{origin: "127.0.0.1:3000", reason: cors.OriginNoScheme, cure: `write "http://127.0.0.1:3000"`},
		{origin: "127.example.com", reason: cors.OriginNoScheme, cure: `write "https://127.example.com"`},
		{origin: "https//app.example.com", reason: cors.OriginNoScheme, cure: `begin with "https://"` + "\n"},
		{origin: "https:/app.example.com", reason: cors.OriginNoScheme, cure: `begin with "https://"` + "\n"},
		{origin: "https://https://a.example.com", reason: cors.OriginPath, cure: "name the origin alone\n"},
		{origin: "undefined", reason: cors.OriginNoScheme, cure: `begin with "https://"` + "\n"},
		{origin: "", reason: cors.OriginEmpty, cure: "remove it"},
		{origin: " https://app.example.com", reason: cors.OriginSpace, cure: `write "https://app.example.com"`},
		{origin: "https://app.example.com\r\n", reason: cors.OriginSpace, cure: `write "https://app.example.com"`},
		{origin: "https://bücher.example", reason: cors.OriginUnicode, cure: `write "https://xn--bcher-kva.example"`},
		{origin: "https://a.example.com,https://b.example.com", reason: cors.OriginCharacter, cure: "each an element"},
		{origin: "https://user@app.example.com", reason: cors.OriginUserinfo, cure: `write "https://app.example.com"`},
		{origin: "http://[::1]:3000", reason: cors.OriginIPv6, cure: "http://localhost:*"},
		{origin: "*://app.example.com", reason: cors.OriginWildcard, cure: "name the scheme"},
		{origin: "https://app.*.example.com", reason: cors.OriginWildcard, cure: "https://*.example.com"},
		{origin: "https://app*.example.com", reason: cors.OriginWildcard, cure: "https://*.example.com"},
		{origin: "https://*", reason: cors.OriginWildcard, cure: "name the origins"},
		{origin: "https://*.*.example.com", reason: cors.OriginWildcard, cure: "whole labels"},
		{origin: "https://a..example.com", reason: cors.OriginHost, cure: "correct it"},
		{origin: "https://", reason: cors.OriginHost, cure: "correct it"},
		{origin: "https://1.2.3", reason: cors.OriginHost, cure: "IPv4"},
		{origin: "https://0x7f000001", reason: cors.OriginHost, cure: "IPv4"},
		{origin: `https://a.example.com" || $origin != "`, reason: cors.OriginSpace, cure: "remove it"},
		{origin: `https://a.example.com"||$origin!="`, reason: cors.OriginHost, cure: "correct it"},
		{origin: "https://a.example.com'", reason: cors.OriginHost, cure: "correct it"},
		{origin: "https://~.example.com", reason: cors.OriginHost, cure: "correct it"},
		{origin: "https://*.com", reason: cors.OriginPublicSuffix, cure: "domains that are yours\n"},
		{origin: "https://*.herokuapp.com", reason: cors.OriginPublicSuffix, cure: "DangerouslyTolerateSubdomainsOfPublicSuffixes"},
		{origin: "https://*.co.uk:*", reason: cors.OriginPublicSuffix, cure: "domains that are yours"},
		{origin: "http://app.example.com", cfg: cors.Config{AllowCredentials: true}, reason: cors.OriginInsecureCredentials, cure: "use https"},
		{origin: "*", cfg: cors.Config{AllowCredentials: true}, reason: cors.OriginAnyCredentials, cure: "list the origins"},
		{origin: "https://*.${Token[TOKEN.7]}", reason: cors.OriginTokenPattern, cure: "exact origins"},
		{origin: "https://${Token[TOKEN.7]}/", reason: cors.OriginTrailingSlash, cure: "remove the trailing slash"},
		{origin: "http://${Token[TOKEN.7]}", cfg: cors.Config{AllowCredentials: true}, reason: cors.OriginInsecureCredentials, cure: "use https"},
		{origin: `https://${Token[x",https://evil.net]}`, reason: cors.OriginCharacter, cure: "each an element"},
		{origin: "#{Token[TOKEN.7]}", reason: cors.OriginTokenList, cure: "Fn_Select"},
	} {
		t.Run(tt.origin, func(t *testing.T) {
			tt.cfg.Origins = []string{tt.origin}
			p, err := cors.New(tt.cfg)
			var fault *cors.OriginError
			if p != nil || !errors.As(err, &fault) {
				t.Fatalf("New = %v, %v; want an OriginError", p, err)
			}
			if fault.Reason != tt.reason || fault.Value != tt.origin {
				t.Errorf("got reason %q of %q, want %q", fault.Reason, fault.Value, tt.reason)
			}
			if msg := err.Error() + "\n"; !strings.Contains(msg, tt.cure) {
				t.Errorf("message %q does not say %q", msg, tt.cure)
			}
		})
	}
}

func TestEmptyList(t *testing.T) {
	_, err := cors.New(cors.Config{})
	var fault *cors.OriginError
	if !errors.As(err, &fault) || fault.Reason != cors.OriginMissing {
		t.Fatalf("got %v", err)
	}
}

// All faults come at once, and in the order of the fields.
func TestAllFaultsAtOnce(t *testing.T) {
	_, err := cors.New(cors.Config{
		Origins:        []string{"https://ok.example.com", "https://a.example.com/", "null", "*"},
		Methods:        []string{"patch", "ANY", "PURGE", "OPTIONS"},
		RequestHeaders: []string{"cookie", "x y", "access-control-allow-origin", "x~y"},
		ExposedHeaders: []string{"set-cookie"},
		MaxAge:         25 * time.Hour,
	})
	var all *cors.ConfigError
	if !errors.As(err, &all) {
		t.Fatalf("got %v", err)
	}
	want := []string{
		`origin "https://a.example.com/"`, `origin "null"`, `origin "*"`,
		`method "patch"`, `method "ANY"`, `method "PURGE"`, `method "OPTIONS"`,
		`request header "cookie"`, `request header "x y"`, `request header "access-control-allow-origin"`, `request header "x~y"`,
		`exposed header "set-cookie"`, `max age 25h0m0s`,
	}
	if len(all.Faults) != len(want) {
		t.Fatalf("got %d faults, want %d:\n%v", len(all.Faults), len(want), err)
	}
	for i, f := range all.Faults {
		if !strings.HasPrefix(f.Error(), want[i]) {
			t.Errorf("fault %d is %q, want it to begin with %q", i, f, want[i])
		}
		if strings.HasSuffix(f.Error(), ".") || f.Error() != strings.TrimSpace(f.Error()) {
			t.Errorf("fault %q: lower case, no full stop", f)
		}
	}
}

func TestHeadersAndMaxAge(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg  cors.Config
		want string // part of the message
	}{
		"any request header with credentials": {cors.Config{AllowCredentials: true, RequestHeaders: []string{"*"}}, `request header "*": with AllowCredentials`},
		"any exposed header with credentials": {cors.Config{AllowCredentials: true, ExposedHeaders: []string{"*"}}, `exposed header "*": with AllowCredentials`},
		"negative max age":                    {cors.Config{MaxAge: -time.Second}, "cors.NoCache"},
		"half a second":                       {cors.Config{MaxAge: 1500 * time.Millisecond}, "whole seconds"},
		"too many headers":                    {cors.Config{RequestHeaders: many("x-header-%03d", 60)}, "RequestHeaders: 779 characters, a stage variable holds 512"},
		"too many exposed headers":            {cors.Config{ExposedHeaders: many("x-header-%03d", 60)}, "ExposedHeaders: 779 characters, a stage variable holds 512"},
		"a request header of CORS":            {cors.Config{RequestHeaders: []string{"Access-Control-Allow-Origin"}}, "it belongs to the CORS protocol itself"},
		"an exposed header of CORS":           {cors.Config{ExposedHeaders: []string{"Access-Control-Request-Method"}}, "it belongs to the CORS protocol itself"},
		"a header that browsers set":          {cors.Config{RequestHeaders: []string{"Cookie"}}, "browsers set it themselves"},
		"a header that browsers hide":         {cors.Config{ExposedHeaders: []string{"Set-Cookie"}}, "browsers never show it"},
		"more than a day":                     {cors.Config{MaxAge: 24*time.Hour + time.Second}, "use 2h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.cfg.Origins = []string{"https://app.example.com"}
			if _, err := cors.New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// What is allowed just so, with what is said of it.
func TestAllowedConfigs(t *testing.T) {
	const app = "https://app.example.com"
	for name, tt := range map[string]struct {
		cfg                      cors.Config
		request, exposed, maxAge string
		note                     string // part of the only note, "" for none
	}{
		"two hours":                         {cors.Config{Origins: []string{app}, MaxAge: 2 * time.Hour}, "", "", "7200", ""},
		"a day":                             {cors.Config{Origins: []string{app}, MaxAge: 24 * time.Hour}, "", "", "86400", "Chromium remembers a preflight for at most 2h0m0s"},
		"any request header, authorization": {cors.Config{Origins: []string{app}, RequestHeaders: []string{"Authorization", "x-a", "*"}}, "*,authorization", "", "", ""},
		"any exposed header":                {cors.Config{Origins: []string{app}, ExposedHeaders: []string{"Authorization", "x-a", "*"}}, "", "*", "", ""},
		"localhost with credentials":        {cors.Config{Origins: []string{"http://localhost:*"}, AllowCredentials: true}, "", "", "", ""},
		"insecure, dangerously":             {cors.Config{Origins: []string{"http://app.example.com"}, AllowCredentials: true, DangerouslyTolerateInsecureOrigins: true}, "", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustNew(t, tt.cfg)
			if p.RequestHeaders() != tt.request || p.ExposedHeaders() != tt.exposed || p.MaxAge() != tt.maxAge {
				t.Errorf("request headers %q, exposed headers %q, max age %q", p.RequestHeaders(), p.ExposedHeaders(), p.MaxAge())
			}
			if notes := strings.Join(p.Notes(), "\n"); (notes == "") != (tt.note == "") || !strings.Contains(notes, tt.note) || len(p.Notes()) > 1 {
				t.Errorf("notes: %q", p.Notes())
			}
		})
	}
}

func TestFoldingAndNotes(t *testing.T) {
	p, err := cors.New(cors.Config{
		Origins: []string{
			"https://b.example.com", "https://a.example.com", "https://b.example.com",
			"https://*.example.org", "https://x.example.org", "https://*.y.example.org",
			"https://x.example.org:8443", "http://localhost:*", "http://localhost", "http://localhost:3000",
		},
		RequestHeaders: []string{"X-B", "x-a", "x-b", "*"},
		MaxAge:         3 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"http://localhost:*", "https://*.example.org", "https://a.example.com",
		"https://b.example.com", "https://x.example.org:8443",
	}
	slices.Sort(want)
	got := p.Origins()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("Origins = %q, want %q", got, want)
	}
	notes := strings.Join(p.Notes(), "\n")
	for _, s := range []string{`"https://x.example.org" is left out`, `"http://localhost:3000" is left out`, "does not cover Authorization", "Chromium remembers a preflight for at most 2h0m0s"} {
		if !strings.Contains(notes, s) {
			t.Errorf("notes do not say %q:\n%s", s, notes)
		}
	}
}

// Neither the policy nor what it says about itself depends on the order.
func TestOrderOfOrigins(t *testing.T) {
	origins := []string{"https://*.example.com", "https://b.example.com", "https://a.example.com", "https://example.org", "https://${Token[TOKEN.7]}"}
	want := mustNew(t, cors.Config{Origins: origins})
	slices.Reverse(origins)
	got := mustNew(t, cors.Config{Origins: append(origins, origins...)})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// A list that no stage can hold is refused, with the numbers.
func TestListTooLong(t *testing.T) {
	_, err := cors.New(cors.Config{Origins: many("https://customer-%04d.shops.example.com", 3000)})
	var size *cors.SizeError
	if !errors.As(err, &size) || size.Field != "Origins" || size.Got <= size.Max {
		t.Fatalf("got %v", err)
	}
	for _, n := range []int{1, 12, 300, 600} {
		if _, err := cors.New(cors.Config{Origins: many("https://customer-%04d.example.com", n)}); err != nil {
			t.Errorf("%d origins: %v", n, err)
		}
	}
}

// Must returns what New does, and panics with what New returns as an error.
func TestMust(t *testing.T) {
	if p := cors.Must(cors.Config{Origins: []string{"https://app.example.com"}}); !p.Match("https://app.example.com") {
		t.Error("the origin of the policy is not allowed")
	}
	bad := cors.Config{Origins: []string{"https://app.example.com/", "null"}}
	_, want := cors.New(bad)
	defer func() {
		if err, ok := recover().(*cors.ConfigError); !ok || err.Error() != want.Error() {
			t.Errorf("panics with %v, want %v", err, want)
		}
	}()
	cors.Must(bad)
}
