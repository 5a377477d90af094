package probe

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/testkit/need"
)

const (
	token  = "tok-3n-of-the-test"
	cookie = `session=c00kie"of'the test; theme=dark`
	apiKey = "k3y of the test"
)

// withSecrets are options whose request has all kinds of credentials.
func withSecrets(o Options) Options {
	o.Cookie, o.Bearer, o.BearerEnv = cookie, token, "API_TOKEN"
	o.Header = append(o.Header, browser.Field{Name: "X-Api-Key", Value: apiKey}, browser.Field{Name: "x-odd", Value: `it's $HOME "and" \ ` + "`id`" + ` $(id) #!`}, browser.Field{Name: "x-empty"})
	return o
}

// TestCurl runs the commands, and holds that the server sees the same requests.
func TestCurl(t *testing.T) {
	need.Programs(t, "curl")
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		if r.Method == "HEAD" {
			w.Header().Set("Content-Length", "5") // of the body that a GET has
		}
		answerFor(headerLater{w, "Access-Control-Allow-Headers", "authorization,content-type,x-api-key,x-odd,x-empty"}, r, r.Header.Get("Origin") == page)
	})
	seen := func() []string {
		s.mu.Lock()
		defer s.mu.Unlock()
		var out []string
		for i, r := range s.got {
			line := fmt.Sprintf("%s %s %s %q", r.Proto, r.Method, r.RequestURI, s.bodies[i])
			for _, name := range slices.Sorted(maps.Keys(r.Header)) {
				line += fmt.Sprintf(" %s=%q", name, r.Header[name])
			}
			out = append(out, line)
		}
		s.got, s.bodies = nil, nil
		return out
	}
	for _, method := range []string{"PUT", "GET", "HEAD"} {
		o := withSecrets(s.options(api, "/prod/orders/it's?a=b&c=[d]{e}"))
		o.Method, o.Send, o.Errors = method, true, true
		if method == "PUT" {
			o.Body = []byte(`{"it's": "@a\n"}` + "\n")
		}
		o.CurlOptions = [][]string{{"--insecure"}, {"--resolve", api + ":" + s.port + ":127.0.0.1"}}
		r := survey(t, o)
		want := seen()
		for _, e := range r.Exchanges {
			cmd := exec.Command("sh", "-c", e.Curl)
			cmd.Env = append(os.Environ(), "API_TOKEN="+token, "COOKIE="+cookie, "X_API_KEY="+apiKey)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s\n%s", err, e.Curl, out)
			}
		}
		got := seen()
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Errorf("%d. %s\nprobe %s\ncurl  %s", i+1, r.Exchanges[i].Curl, want[i], got[min(i, len(got)-1)])
			}
		}
		if len(want) != len(r.Exchanges) || !strings.Contains(strings.Join(want, "\n"), token) {
			t.Errorf("the server saw %d of %d requests, or no token", len(want), len(r.Exchanges))
		}
	}
}

// TestSecrets has a server that sends back, in every place, what it was given.
func TestSecrets(t *testing.T) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		all := r.Header.Get("Authorization") + "|" + r.Header.Get("Cookie") + "|" + r.Header.Get("X-Api-Key")
		w.Header().Set("X-Echo", all)
		w.Header().Set("Set-Cookie", "session=another-s3cret; Secure; SameSite=None")
		w.Header().Set("Location", "/login?token="+r.Header.Get("Authorization"))
		w.Header().Set("Vary", "Origin")
		if r.Method == "OPTIONS" {
			good(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", all)
		w.WriteHeader(400)
		echo, _ := json.Marshal(map[string]string{"message": all})
		_, _ = w.Write(append(echo, all...))
	})
	o := withSecrets(s.options(api, "/prod/orders"))
	o.Header = slices.DeleteFunc(o.Header, func(f browser.Field) bool { return f.Name == "x-odd" || f.Name == "x-empty" })
	o.Method, o.Errors = "GET", true
	r := survey(t, o)
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b) + listing(r)
	for _, f := range r.Findings {
		text += fmt.Sprintf("%+v", f)
	}
	for _, secret := range []string{token, "tok-3n", cookie, "c00kie", apiKey, "k3y", "another-s3cret"} {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%s is shown: %s", secret, text[max(0, at-200):at+100])
		}
	}
	for _, shown := range []string{"$API_TOKEN", "$COOKIE", "$X_API_KEY", hidden, "session=" + hidden + "; Secure; SameSite=None"} {
		if !strings.Contains(text, shown) {
			t.Errorf("%s is not shown", shown)
		}
	}
}

// TestSecretOfOurs has a cookie whose value is a part of what is judged, which is judged as it came.
func TestSecretOfOurs(t *testing.T) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		good(w, r)
	})
	o := s.options(api, "/prod/orders")
	o.Method, o.Header, o.Cookie = "GET", nil, "scheme=https"
	if r := survey(t, o); !r.Verdict.Allowed || len(r.Findings) > 0 {
		t.Errorf("%+v\n%s", r.Verdict, listing(r))
	}
}

// TestQuote holds that a word with what a terminal or a runner acts upon is written without it, and that a shell which
// knows $'...' reads it back.
func TestQuote(t *testing.T) {
	const word = "it's\n::error::\\ ##[error]\x1b]52;c;AA==\a\u009b \x9b"
	quoted := quote(word)
	if report.OneLine(quoted) != quoted {
		t.Errorf("%q", quoted)
	}
	need.Programs(t, "bash")
	got, err := exec.Command("bash", "-c", "printf %s "+quoted).Output()
	if err != nil || string(got) != word {
		t.Errorf("%q, %v; want %q", got, err, word)
	}
}
