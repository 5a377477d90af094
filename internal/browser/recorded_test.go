package browser_test

import (
	"bufio"
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
)

// A recorded case is one call of fetch() or XMLHttpRequest in Chromium 156, from a page at http://127.0.0.1:9101 (or a
// sandboxed frame in it, whose origin is null), to servers on the ports 9101, 9102 and 9103 of the same host that respond
// as the case says; and what came of it: what the script got, the DevTools protocol's CorsErrorStatus, the console's
// message, and what the servers were sent.
type recorded struct {
	Request struct {
		URL            string      `json:"url"`
		Origin         string      `json:"origin"`
		Method         string      `json:"method"`
		Headers        [][2]string `json:"headers"`
		Credentials    string      `json:"credentials"`
		Mode           string      `json:"mode"`
		Body           string      `json:"body"`
		XHR            bool        `json:"xhr"`
		UploadListener bool        `json:"uploadListener"`
	} `json:"request"`
	// Answers has the servers' responses, by the n of the URL's query. What has none gets status 404.
	Answers map[string]map[string]struct {
		Status  int         `json:"status"`
		Headers [][2]string `json:"headers"`
	} `json:"answers"`
	Want struct {
		Result    string `json:"result"`
		Code      string `json:"code"`
		Parameter string `json:"parameter"`
		Message   string `json:"message"`
		Net       string `json:"net"`
	} `json:"want"`
	Sent []struct {
		Method  string            `json:"method"`
		Host    string            `json:"host"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
	} `json:"sent"`
}

// unlike lists the recordings that this package does not reproduce, by the redirect's location, and why.
var unlike = map[string]string{
	"http://a b/":          "Chromium percent-encodes the blank, takes the host for a name and does not find it; here it is no URL",
	"http:///x":            "leads to the server x, here as in Chromium, which does not find it",
	"view-source:x":        "fails in Chromium too, with ERR_ABORTED",
	"filesystem:http://x/": "fails in Chromium too, with ERR_INVALID_REDIRECT",
	"isolated-app://x":     "fails in Chromium too, with ERR_UNKNOWN_URL_SCHEME",
}

func TestChromiumRecordings(t *testing.T) {
	file, err := os.Open("testdata/chromium-156.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	codes := map[browser.Code]int{}
	cases, differ := 0, map[string]int{}
	for lines.Scan() {
		var c recorded
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases++
		codes[browser.Code(c.Want.Code)]++
		problems := c.run()
		if location, reason := c.unlike(); reason != "" {
			differ[location]++
			if len(problems) == 0 {
				t.Errorf("a redirect to %s is listed as unlike Chromium's and is not", location)
			}
			continue
		}
		if len(problems) > 0 {
			t.Errorf("%s\n  %s", lines.Text(), strings.Join(problems, "\n  "))
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if cases < 700 || len(differ) != len(unlike) {
		t.Errorf("%d cases, %d of the %d listed as unlike", cases, len(differ), len(unlike))
	}
	// The recordings reach every code that the package gives.
	for _, code := range given() {
		if codes[code] == 0 {
			t.Errorf("no recording ends with %s", code)
		}
	}
}

// unlike returns the case's location that is listed in unlike, and why.
func (c *recorded) unlike() (location, reason string) {
	for _, answers := range c.Answers {
		for _, answer := range answers {
			for _, h := range answer.Headers {
				if h[0] == "Location" && unlike[h[1]] != "" {
					return h[1], unlike[h[1]]
				}
			}
		}
	}
	return "", ""
}

// run puts the case through the package and says what came out otherwise than in Chromium.
func (c *recorded) run() (problems []string) {
	differs := func(what, got, want string) {
		if got != want {
			problems = append(problems, what+" is "+got+", Chromium: "+want)
		}
	}
	req := browser.Call{
		Method: c.Request.Method, URL: c.Request.URL, Origin: c.Request.Origin, Body: []byte(c.Request.Body),
		Credentials: browser.Credentials(c.Request.Credentials), Mode: browser.Mode(c.Request.Mode),
		UploadListener: c.Request.UploadListener,
	}
	if c.Request.XHR {
		req.Initiator = browser.XMLHttpRequest
	}
	for _, h := range c.Request.Headers {
		req.Header = append(req.Header, browser.Field{Name: h[0], Value: h[1]})
	}
	var sent []*browser.HTTPRequest
	ex, err := browser.Run(req, func(r *browser.HTTPRequest) (*browser.HTTPResponse, error) {
		sent = append(sent, r)
		return c.answer(r), nil
	}, nil)
	if err != nil {
		return []string{err.Error()}
	}

	v := ex.Verdict
	ok := strings.HasPrefix(c.Want.Result, "ok ")
	if v.Allowed != ok {
		differs("the result", v.Message, c.Want.Result)
	}
	differs("the code", string(v.Code), c.Want.Code)
	message := v.Message
	if len(v.Disallowed) > 1 && slices.Contains(v.Disallowed, c.Want.Parameter) {
		// Which one of several Chromium names is its hash table's doing.
		message = strings.Replace(message, " "+v.FailedParameter+" ", " "+c.Want.Parameter+" ", 1)
	} else {
		differs("the parameter", v.FailedParameter, c.Want.Parameter)
	}
	switch {
	case v.Code != "":
		differs("the message", message, c.Want.Message)
	case strings.HasSuffix(v.NetError, "Error"):
		// The script got the exception itself, or the console the message and the script a TypeError.
		if c.Want.Message != v.Message && c.Want.Result != v.NetError+": "+v.Message && c.Want.Result != "TypeError: Failed to fetch" {
			differs("the exception", v.Message, c.Want.Result)
		}
	default:
		differs("the network error", v.NetError, c.Want.Net)
	}
	if ok && !c.Request.XHR {
		// "ok", the status, the response's type, the names of the headers; the server added a content-length of its own.
		parts := strings.Split(c.Want.Result+" ", " ")
		var want, got []string
		for name := range strings.SplitSeq(parts[3], "|") {
			if name != "content-length" && name != "" {
				want = append(want, name)
			}
		}
		for _, f := range ex.Response.Header {
			got = append(got, strings.ToLower(f.Name))
		}
		slices.Sort(got)
		differs("what is exposed", strings.Join(slices.Compact(got), " "), strings.Join(want, " "))
	}

	for i := range max(len(sent), len(c.Sent)) {
		if i >= len(sent) || i >= len(c.Sent) {
			problems = append(problems, "another number of requests was sent")
			break
		}
		got, want := sent[i], c.Sent[i]
		u, _ := url.Parse(got.URL)
		differs("what was sent", got.Method+" "+u.Host+" "+u.RequestURI(), want.Method+" "+want.Host+" "+want.Path)
		for _, name := range []string{"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Accept", "Content-Type", "Authorization"} {
			value, has := got.Header.Get(name)
			wanted, wants := want.Headers[strings.ToLower(name)]
			if has != wants || latin1(value) != wanted && value != wanted {
				problems = append(problems, got.Method+" has "+name+": "+value+", Chromium's: "+wanted)
			}
		}
	}
	return problems
}

// answer is what the recording's servers answer.
func (c *recorded) answer(r *browser.HTTPRequest) *browser.HTTPResponse {
	u, err := url.Parse(r.URL)
	if err != nil {
		return &browser.HTTPResponse{Status: 400}
	}
	kind := "request"
	if r.Method == "OPTIONS" && r.Header.Has("Access-Control-Request-Method") {
		kind = "preflight"
	}
	answer, found := c.Answers[u.Query().Get("n")][kind]
	if !found {
		return &browser.HTTPResponse{Status: 404}
	}
	resp := &browser.HTTPResponse{Status: answer.Status}
	for _, h := range answer.Headers {
		resp.Header = append(resp.Header, browser.Field{Name: h[0], Value: bytes1(h[1])})
	}
	return resp
}

// bytes1 returns the bytes that s, a string of Latin-1's characters, had on the wire; latin1 goes the other way.
func bytes1(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func latin1(s string) string {
	var r []rune
	for i := range len(s) {
		r = append(r, rune(s[i]))
	}
	return string(r)
}

// given are the codes that the package gives, in the order of their constants.
func given() []browser.Code {
	codes := browser.Codes()
	return codes[:slices.Index(codes, browser.DisallowedByMode)]
}
