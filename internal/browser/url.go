package browser

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// defaultPorts are the ports that an origin and a URL do not spell out, by scheme
// (https://url.spec.whatwg.org/#special-scheme).
var defaultPorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

// A location is a URL as the browser has it: parsed and normalised.
type location struct {
	*url.URL
}

// parseLocation takes an absolute URL with a host and normalises what takes part in an origin or a message: the scheme
// and host in lower case, no default port, a path that is never empty and has no dot segments.
func parseLocation(raw string) (location, error) {
	u, err := url.Parse(tidy(raw))
	if err != nil {
		return location{}, err
	}
	if u.Scheme == "" {
		return location{}, fmt.Errorf("the URL %q has no scheme", raw)
	}
	return normalise(u)
}

// resolve gives the URL that a Location header names, seen from l (https://fetch.spec.whatwg.org/#concept-response-location-url).
// A fragment carries over to a location that has none.
func (l location) resolve(raw string) (location, error) {
	raw = tidy(raw)
	u, err := l.Parse(raw)
	if err != nil {
		return location{}, err
	}
	if strings.HasPrefix(raw, "//") && strings.Trim(raw, "/") == "" {
		return location{}, fmt.Errorf("the URL %q has no host", raw)
	}
	if u.Fragment == "" {
		u.Fragment, u.RawFragment = l.Fragment, l.RawFragment
	}
	return normalise(u)
}

// tidy writes raw as net/url takes it without changing what a browser sees in it: no white space around, backslashes that
// count as slashes, and percent-encoded what the URL standard's path percent-encode set has
// (https://url.spec.whatwg.org/#path-percent-encode-set).
func tidy(raw string) string {
	raw = trim(raw)
	end := strings.IndexAny(raw, "?#")
	if end < 0 {
		end = len(raw)
	}
	scheme, _, absolute := strings.Cut(raw[:end], ":")
	if absolute && validScheme(scheme) {
		if _, special := defaultPorts[lower(scheme)]; !special {
			return raw
		}
	}
	return pathEscaper.Replace(raw[:end]) + raw[end:]
}

var pathEscaper = strings.NewReplacer(`\`, "/", " ", "%20", `"`, "%22", "<", "%3C", ">", "%3E", "^", "%5E", "`", "%60", "{", "%7B", "|", "%7C", "}", "%7D")

func normalise(u *url.URL) (location, error) {
	clean := *u.ResolveReference(&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery,
		Fragment: u.Fragment, RawFragment: u.RawFragment})
	clean.User = u.User
	clean.Scheme = lower(u.Scheme)
	host, port := lower(u.Hostname()), u.Port()
	if strings.ContainsFunc(host, func(r rune) bool { return r > 0x7e }) {
		return location{}, fmt.Errorf("the URL %q has a host beyond ASCII, which has to be written in its xn-- form", u)
	}
	_, special := defaultPorts[clean.Scheme]
	if special {
		if host == "" {
			return location{}, fmt.Errorf("the URL %q has no host", u)
		}
		if !validHost(host, u.Host) {
			return location{}, fmt.Errorf("the URL %q has a host that no URL can have", u)
		}
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	clean.Host = host
	if port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return location{}, fmt.Errorf("the URL %q has a port that is not a number up to 65535", u)
		}
		if port = strconv.FormatUint(number, 10); port != defaultPorts[clean.Scheme] {
			clean.Host += ":" + port
		}
	}
	if special && clean.Path == "" {
		clean.Path = "/"
	}
	clean.RawQuery = escapeQuery(clean.RawQuery)
	return location{&clean}, nil
}

// escapeQuery percent-encodes what the URL standard's special-query percent-encode set has
// (https://url.spec.whatwg.org/#special-query-percent-encode-set).
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= 0x20 || c >= 0x7f || strings.IndexByte(`"#<>'`, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// origin gives the ASCII serialisation of the URL's origin (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin).
func (l location) origin() string {
	if !l.isHTTP() {
		return "null"
	}
	return l.Scheme + "://" + l.Host
}

// isHTTP says that the URL's scheme is one that HTTP fetches (https://fetch.spec.whatwg.org/#http-scheme).
func (l location) isHTTP() bool { return l.Scheme == "http" || l.Scheme == "https" }

// wire is the URL as it goes on the wire and keys the preflight cache: without its fragment, user name and password.
func (l location) wire() string {
	u := *l.URL
	u.User = nil
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}

// checkOrigin says what keeps s from being the serialisation of an origin: "null", or scheme://host[:port] in lower case
// without a default port. A page's origin is never anything else (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin).
func checkOrigin(s string) error {
	if s == "null" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return fmt.Errorf("an origin is null or scheme://host[:port]")
	}
	l, err := normalise(&url.URL{Scheme: u.Scheme, Host: u.Host})
	if err != nil {
		return err
	}
	if want := l.Scheme + "://" + l.Host; s != want {
		return fmt.Errorf("a browser would write %s", want)
	}
	return nil
}

// validURL says whether Chromium's URL parser makes something of s, which is how it tells an Access-Control-Allow-Origin
// that is no URL (InvalidAllowOriginValue) from one that is merely not the request's origin (AllowOriginMismatch). It
// follows the URL standard's basic parser without a base (https://url.spec.whatwg.org/#concept-basic-url-parser) as far as
// validity goes, with Chromium's leniency about a blank in a host; s has no bare blanks and no commas.
func validURL(s string) bool {
	s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !validScheme(scheme) {
		return false
	}
	if !utf8.ValidString(s) {
		return false
	}
	scheme = lower(scheme)
	if scheme == "file" {
		return true
	}
	_, special := defaultPorts[scheme]
	if !special {
		// Such a URL need not have a host at all.
		if !strings.HasPrefix(rest, "//") {
			return true
		}
		authority := rest[2:]
		if i := strings.IndexAny(authority, "/?#"); i >= 0 {
			authority = authority[:i]
		}
		_, host, port := splitAuthority(authority)
		return validPort(port) && (host != "" || port == "") && !strings.ContainsAny(host, `<>^|\`)
	}
	rest = strings.TrimLeft(rest, `/\`)
	if i := strings.IndexAny(rest, `/\?#`); i >= 0 {
		rest = rest[:i]
	}
	_, host, port := splitAuthority(rest)
	if host == "" || !validPort(port) {
		return false
	}
	decoded, err := url.PathUnescape(host)
	return err == nil && validHost(decoded, host)
}

func validScheme(scheme string) bool {
	for i := range len(scheme) {
		c := lower(scheme[i : i+1])[0]
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || strings.IndexByte("0123456789+-.", c) < 0) {
			return false
		}
	}
	return scheme != ""
}

// splitAuthority takes user@host:port apart; the port is what follows the last colon outside brackets.
func splitAuthority(authority string) (user, host, port string) {
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, authority = authority[:i], authority[i+1:]
	}
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
	}
	return user, host, port
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	if !digits(port) {
		return false
	}
	port = strings.TrimLeft(port, "0")
	number, err := strconv.ParseUint("0"+port, 10, 16)
	return err == nil && number <= 65535
}

// validHost says whether host, decoded already, can be the host of a special URL
// (https://url.spec.whatwg.org/#concept-host-parser). Raw is how it was written, which tells an IPv6 address.
func validHost(host, raw string) bool {
	if strings.HasPrefix(raw, "[") {
		inside, ok := strings.CutSuffix(strings.TrimPrefix(strings.TrimPrefix(host, "["), "["), "]")
		if !ok && strings.HasPrefix(host, "[") {
			return false
		}
		addr, err := netip.ParseAddr(inside)
		return err == nil && addr.Is6() && addr.Zone() == ""
	}
	if host == "" {
		return false
	}
	for i := range len(host) {
		if c := host[i]; c < 0x20 || c == 0x7f || strings.IndexByte("#/:<>?@[\\]^|%", c) >= 0 {
			return false
		}
	}
	// A name whose last label is a number has to be an IPv4 address (https://url.spec.whatwg.org/#ends-in-a-number-checker).
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := labels[len(labels)-1]
	if _, number := ipv4Number(last); !number && !digits(last) {
		return true
	}
	if len(labels) > 4 {
		return false
	}
	for i, label := range labels {
		n, ok := ipv4Number(label)
		limit := uint64(255)
		if i == len(labels)-1 {
			limit = 1<<(8*(5-len(labels))) - 1
		}
		if !ok || n > limit {
			return false
		}
	}
	return true
}

// ipv4Number reads one part of an IPv4 address: decimal, octal after 0, hexadecimal after 0x
// (https://url.spec.whatwg.org/#ipv4-number-parser).
func ipv4Number(s string) (uint64, bool) {
	if s == "" || strings.ContainsAny(s, "_+-") {
		return 0, false
	}
	base := 10
	switch {
	case strings.HasPrefix(lower(s), "0x"):
		s, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(s, base, 64)
	return n, err == nil
}
