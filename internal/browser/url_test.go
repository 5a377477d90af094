package browser_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
)

// A URL is parsed into where a request goes.
func TestParseURL(t *testing.T) {
	for raw, want := range map[string]browser.URL{
		"https://api.example.net":                {"https://api.example.net", "api.example.net", "/", ""},
		"HTTPS:\\API.example.net:443/%zz?a=b#c":  {"https://api.example.net", "api.example.net", "/%zz", "a=b"},
		"http:/127.1:8080":                       {"http://127.0.0.1:8080", "127.0.0.1:8080", "/", ""},
		"https://u:p@bücher.example/a b/../c?":   {"https://xn--bcher-kva.example", "xn--bcher-kva.example", "/c", ""},
		"https://evil.example\\@api.example.net": {"https://evil.example", "evil.example", "/@api.example.net", ""},
	} {
		if got, err := browser.ParseURL(raw); err != nil || got != want {
			t.Errorf("%s is %+v, %v", raw, got, err)
		}
	}
	for _, raw := range []string{"", "/x", "https://", "ftp://a/", "data:,x", "http://[::1", "http://256.1/"} {
		if got, err := browser.ParseURL(raw); err == nil {
			t.Errorf("%s is %+v", raw, got)
		}
	}
}

// An error about a URL has the URL once, and the reason.
func TestURLError(t *testing.T) {
	_, err := browser.Prepare(browser.Call{URL: "https://a:99999/", Origin: app})
	want := `url "https://a:99999/": it does not parse: the input's port is outside the range [0-65535]`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// URLs are remembered, and more of them than there is room for.
func TestManyURLs(t *testing.T) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 3000 {
				url := "https://u:p@api.example.net/" + strconv.Itoa(i%1500) + "?x#y"
				want := browser.URL{Origin: "https://api.example.net", Host: "api.example.net", Path: "/" + strconv.Itoa(i%1500), Query: "x"}
				if got, err := browser.ParseURL(url); err != nil || got != want {
					t.Errorf("%s is %+v, %v", url, got, err)
				}
				p, err := browser.Prepare(browser.Call{URL: url, Origin: app, Initiator: browser.XMLHttpRequest})
				if err != nil || p.Request.URL != "https://api.example.net"+want.Path+"?x" {
					t.Errorf("%s is asked for as %+v, %v", url, p.Request, err)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzURL holds that what is parsed parses to itself, and is asked where it says that it goes.
func FuzzURL(f *testing.F) {
	for _, raw := range []string{"https://a.example/", "http:\\\\127.1\\x", "//0x7f.1", "///h", "?q", "#f", "https://u:p@[::1]:80/%zz", "http://-1/", "http://0-1./", "http://[[::1]]", "foo:bar", "https://é.example", "http://%61"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, base := range []string{"", "https://api.example.net/prod/items?x#y"} {
			href := browser.Href(raw, base)
			if href == "failure" {
				continue
			}
			if again := browser.Href(href, ""); again != href {
				t.Errorf("%q in %q is %q, and that is %q", raw, base, href, again)
			}
			u, err := browser.ParseURL(href)
			if err != nil {
				continue // of another scheme
			}
			if p, err := browser.Prepare(browser.Call{URL: href, Origin: app}); err != nil || p.Refused == nil && p.CrossOrigin != (u.Origin != app) {
				t.Errorf("%q goes to %s: %+v, %v", raw, u.Origin, p, err)
			}
		}
	})
}
