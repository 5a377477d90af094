package browser

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// A location is a URL as the browser has it: parsed as the URL standard has it (https://url.spec.whatwg.org/).
type location struct {
	*whatwg.Url
}

// parser parses as Chromium does: it percent-encodes "|" in a path too, which the standard's path percent-encode set
// (https://url.spec.whatwg.org/#path-percent-encode-set) leaves alone.
var parser = whatwg.NewParser(
	whatwg.WithPathPercentEncodeSet(whatwg.PathPercentEncodeSet.Set('^', '|')),
	whatwg.WithPreParseHostFunc(func(_ *whatwg.Url, host string) string {
		if misread(host) {
			return "<" // no host: the URL does not parse
		}
		return host
	}),
)

// misread reports whether the library would take host for an address that it is not: it reads a sign in the parts of an
// IPv4 address, so that 0-1 is 255.255.255.255 to it, and [[::1]] as [::1]. No server has such a name.
func misread(host string) bool {
	if strings.LastIndexByte(host, '[') > 0 || strings.Count(host, "]") > 1 {
		return true
	}
	if decoded, err := url.PathUnescape(host); err == nil {
		host = decoded
	}
	host = strings.TrimSuffix(lower(host), ".")
	return strings.ContainsAny(host, "+-") && signedNumber.MatchString(host[strings.LastIndexByte(host, '.')+1:])
}

// signedNumber is what the library reads as a number.
var signedNumber = regexp.MustCompile(`^([+-]?[0-9]+|0[+-][0-7]+|0x[+-]?[0-9a-f]*)$`)

// parsed has the URLs that were parsed last. A report asks for the same few thousands of times.
var parsed struct {
	sync.RWMutex
	locations map[string]location
}

// maxParsed is how many URLs are in parsed before it begins anew.
const maxParsed = 1024

// parseLocation parses an absolute URL. What it returns is shared: nothing may change it, or clone it, which changes it.
func parseLocation(raw string) (location, error) {
	parsed.RLock()
	l, ok := parsed.locations[raw]
	parsed.RUnlock()
	if ok {
		return l, nil
	}
	u, err := parser.Parse(raw)
	if err != nil {
		return location{}, parseError(err)
	}
	l = location{u}
	parsed.Lock()
	defer parsed.Unlock()
	if parsed.locations == nil || len(parsed.locations) == maxParsed {
		parsed.locations = map[string]location{}
	}
	parsed.locations[raw] = l
	return l, nil
}

// resolve returns the URL that a Location header names, seen from l (https://fetch.spec.whatwg.org/#concept-response-location-url).
// A fragment carries over to a location that has none. Bytes beyond ASCII are taken for UTF-8.
func (l location) resolve(raw string) (location, error) {
	u, err := l.Parse(escapeBytes(raw))
	if err != nil {
		return location{}, parseError(err)
	}
	if !strings.Contains(raw, "#") {
		u.SetHash(l.Hash())
	}
	return location{u}, nil
}

// escapeBytes percent-encodes the bytes beyond ASCII.
func escapeBytes(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= 0x80 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// parseError is the reason why a URL does not parse. The library's error repeats the URL.
func parseError(err error) error {
	why, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "Error: "), " Url: ")
	return errors.New("it does not parse: " + lower(why[:1]) + strings.TrimSuffix(why[1:], "."))
}

// origin returns the ASCII serialisation of the URL's origin (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin).
func (l location) origin() string {
	if !l.isHTTP() {
		return "null"
	}
	return l.Scheme() + "://" + l.Host()
}

// isHTTP reports whether the URL's scheme is one that HTTP fetches (https://fetch.spec.whatwg.org/#http-scheme).
func (l location) isHTTP() bool { return l.Scheme() == "http" || l.Scheme() == "https" }

// hasCredentials reports whether the URL includes credentials (https://url.spec.whatwg.org/#include-credentials). A user
// name and password that are both empty, as in https://@a.example, are none.
func (l location) hasCredentials() bool { return l.Username() != "" || l.Password() != "" }

// wire is the URL as it goes on the wire: without its fragment, user name and password.
func (l location) wire() string {
	href := l.Href(true)
	if !l.hasCredentials() {
		return href
	}
	_, rest, _ := strings.Cut(href, "@") // one within the user name or password is percent-encoded
	return l.Scheme() + "://" + rest
}

// A URL says to which server a request goes, and what for.
type URL struct {
	Origin string // https://api.example.com
	Host   string // with the port, unless it is the scheme's default
	Path   string // percent-encoded
	Query  string // without the question mark
}

// ParseURL parses an absolute URL of http or https as a browser does: http:/127.1/%zz goes to 127.0.0.1.
func ParseURL(raw string) (URL, error) {
	l, err := parseLocation(raw)
	if err == nil && !l.isHTTP() {
		err = errors.New("its scheme is not http or https")
	}
	if err != nil {
		return URL{}, fmt.Errorf("the URL %q: %w", raw, err)
	}
	return URL{Origin: l.origin(), Host: l.Host(), Path: l.Pathname(), Query: l.Query()}, nil
}

// checkOrigin says what keeps s from being the serialisation of an origin: "null", or scheme://host[:port] in lower case
// without a default port. A page's origin is never anything else (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin).
func checkOrigin(s string) error {
	if s == "null" {
		return nil
	}
	l, err := parseLocation(s)
	if err != nil || l.Host() == "" {
		return errors.New("an origin is null or scheme://host[:port]")
	}
	if want := l.Scheme() + "://" + lower(l.Host()); s != want {
		return fmt.Errorf("a browser would write %s", want)
	}
	return nil
}

// validURL reports whether Chromium's URL parser makes something of s, which is how it tells an Access-Control-Allow-Origin
// that is no URL (InvalidAllowOriginValue) from one that is merely not the request's origin (AllowOriginMismatch). In a
// host Chromium takes a blank and what is no Punycode after xn--, which the standard does not; s has no bare blanks.
func validURL(s string) bool {
	_, err := parser.Parse(lenient.Replace(lower(s)))
	return err == nil
}

var lenient = strings.NewReplacer("%20", "x", "xn--", "x")
