package cors

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	validator "github.com/jub0bs/cors"
	"github.com/jub0bs/cors/cfgerrors"
	"golang.org/x/net/idna"

	"github.com/corsgate/corsgate/internal/corsheader"
)

// Config is the CORS policy of one API. Pass it to [New].
type Config struct {
	// Origins are the web origins whose pages may read the API's responses, as
	// browsers send them: scheme, "://", host and, unless it is the scheme's
	// default, port.
	//
	//	"https://app.example.com"        // allowed: one origin
	//	"https://*.preview.example.com"  // allowed: any number of labels, at least one
	//	"http://localhost:*"             // allowed: any port, or none
	//	"*"                              // allowed alone and without AllowCredentials: every origin
	//	"https://app.example.com/"       // refused: an origin has no path
	//	"https://App.example.com"        // refused: browsers send hosts in lower case
	//	"https://app.example.com:443"    // refused: browsers leave the default port out
	//	"app.example.com"                // refused: no scheme
	//	"null"                           // refused: any sandboxed page has that origin
	//	"http://[::1]:3000"              // refused: a stage variable cannot hold brackets
	//	"https://*.com"                  // refused: anybody can register a name there
	//	"https://*.amazonaws.com"        // refused: anybody gets a bucket or an API there
	//
	// An element may hold CDK tokens ("https://" + *distribution.DistributionDomainName()).
	// It is one exact origin, deployed in a stage variable of its own. Its value is checked
	// with each request: unless the whole value is one origin as browsers send it, nobody
	// is allowed, not even the other elements.
	//
	// Patterns mean what they mean in github.com/jub0bs/cors, which validates
	// them. Order and repetition do not matter.
	Origins []string

	// AllowCredentials lets pages send cookies, client certificates and HTTP
	// authentication, and read the response (Access-Control-Allow-Credentials).
	// A bearer token that a script puts in the Authorization header needs no
	// AllowCredentials: name "authorization" in RequestHeaders.
	AllowCredentials bool

	// Methods limits the methods that pages may use. If empty, which is right for
	// most APIs, each resource allows the methods that it has. CORS cannot forbid
	// GET, HEAD and POST (Fetch standard, CORS-safelisted method).
	Methods []string

	// RequestHeaders are the headers that pages may send beyond the
	// CORS-safelisted ones. A JSON body needs "content-type". "*" is every header
	// but Authorization; it cannot be combined with AllowCredentials, where
	// browsers treat it as a header's name.
	RequestHeaders []string

	// ExposedHeaders are the response headers that pages may read beyond the
	// CORS-safelisted ones. "*" is all of them; it cannot be combined with
	// AllowCredentials.
	ExposedHeaders []string

	// MaxAge is how long a browser may cache a preflight's result, in whole
	// seconds. Zero omits the header; browsers then cache for 5 seconds.
	// [NoCache] disables caching. Chromium caps it at 2 hours, Firefox at 24;
	// more than 24 hours is refused.
	MaxAge time.Duration

	// DangerouslyTolerateInsecureOrigins permits http:// origins (other than
	// localhost) together with AllowCredentials: anybody on the network path
	// between a user and such a page can then act as the user.
	DangerouslyTolerateInsecureOrigins bool

	// DangerouslyTolerateSubdomainsOfPublicSuffixes permits patterns such as
	// "https://*.github.io", below which anybody can put a page: those over a
	// public suffix (https://publicsuffix.org), over a domain that has one below
	// it, and over a service that assigns names and is not on that list.
	DangerouslyTolerateSubdomainsOfPublicSuffixes bool
}

// NoCache is the [Config.MaxAge] with which browsers send a preflight every
// time.
const NoCache time.Duration = -1

// New checks cfg and compiles it. It returns all faults at once, as a
// [*ConfigError]; what is valid but may not do what it seems to is in
// [Policy.Notes].
//
// New does not keep cfg: changing it afterwards has no effect.
func New(cfg Config) (*Policy, error) {
	c := compiler{cfg: cfg}
	elements := c.origins()
	methods := c.methods()
	requestHeaders := c.headers("RequestHeaders", cfg.RequestHeaders)
	exposedHeaders := c.headers("ExposedHeaders", cfg.ExposedHeaders)
	maxAge := c.maxAge()
	if len(c.faults) > 0 {
		return nil, &ConfigError{Faults: c.faults}
	}
	p := newPolicy(elements)
	p.credentials = cfg.AllowCredentials
	p.methods, p.methodList = methods, strings.Join(methods, ",")
	p.requestHeaders = strings.Join(requestHeaders, ",")
	p.exposedHeaders = strings.Join(exposedHeaders, ",")
	p.maxAge = maxAge
	p.notes = c.notes
	c.sizes(p)
	if len(c.faults) > 0 {
		return nil, &ConfigError{Faults: c.faults}
	}
	return p, nil
}

// Must is like [New], but panics with the [*ConfigError] instead of returning
// it. Use it for a Config that is a literal in the program, as
// [regexp.MustCompile] for an expression, and New for values from outside,
// such as a context value of the CDK.
func Must(cfg Config) *Policy {
	p, err := New(cfg)
	if err != nil {
		panic(err)
	}
	return p
}

// A compiler collects the faults and notes of one Config.
type compiler struct {
	cfg    Config
	faults []error
	notes  []string
}

func (c *compiler) fault(err error) { c.faults = append(c.faults, err) }

func (c *compiler) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// origins returns the text form of the allowlist, folded.
func (c *compiler) origins() []string {
	if len(c.cfg.Origins) == 0 {
		c.fault(&OriginError{
			Reason: OriginMissing,
			Text:   "the list is empty, so no page could use the API",
			Fix:    `name at least one origin, such as "https://app.example.com"`,
		})
		return nil
	}
	any := slices.Contains(c.cfg.Origins, "*")
	if any && c.cfg.AllowCredentials {
		c.fault(&OriginError{
			Value: "*", Reason: OriginAnyCredentials,
			Text: "every origin cannot be allowed with credentials: any site could act as its visitor",
			Fix:  "list the origins, or leave AllowCredentials out",
		})
	}
	var elements []string
	seen := map[string]bool{}
	for _, raw := range c.cfg.Origins {
		if seen[raw] {
			continue
		}
		seen[raw] = true
		if raw == "*" {
			continue
		}
		if fault := c.origin(raw); fault != nil {
			c.fault(fault)
			continue
		}
		elements = append(elements, strings.ReplaceAll(raw, "*", "~"))
	}
	if any {
		if len(seen) > 1 {
			c.fault(&OriginError{
				Value: "*", Reason: OriginAnyMixed,
				Text: "it allows every origin, so the others have no effect",
				Fix:  `keep either "*" or the others`,
			})
		}
		return []string{anyOrigin}
	}
	folded := fold(elements)
	slices.Sort(elements) // so that the notes do not depend on the order either
	for _, e := range elements {
		if !slices.Contains(folded, e) {
			c.note("origin %q is left out: another pattern of the list covers it", strings.ReplaceAll(e, "~", "*"))
		}
	}
	return folded
}

// origin returns what is wrong with one origin or pattern, or nil.
func (c *compiler) origin(raw string) *OriginError {
	fault := c.inspect(raw)
	if fault == nil {
		return nil
	}
	fault.Value = raw
	// One suggestion that is right as a whole is better than a fix for each run.
	if fix, ok := c.repair(raw); ok {
		fault.Fix += fmt.Sprintf(": write %q", fix)
	}
	return fault
}

// repair returns what raw was most likely meant to be, if that is valid.
func (c *compiler) repair(raw string) (string, bool) {
	s := strings.ToLower(strings.TrimSpace(raw))
	scheme, rest, hasScheme := strings.Cut(s, schemeSep)
	if !hasScheme {
		scheme, rest = "https", s
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	host, port, _ := strings.Cut(rest, ":")
	if ascii, err := idna.Lookup.ToASCII(strings.TrimPrefix(host, "*.")); err == nil && ascii != "" {
		if strings.HasPrefix(host, "*.") {
			ascii = "*." + ascii
		}
		host = ascii
	}
	ip, _ := netip.ParseAddr(host)
	local := host == "localhost" || ip.IsLoopback()
	switch {
	case !local && !strings.Contains(host, "."):
		return "", false // a typing error of another kind: "https//app.example.com", "undefined"
	case local && !hasScheme:
		scheme = "http"
	}
	s = scheme + schemeSep + host
	if port != "" && !defaultPort(scheme, port) {
		s += ":" + port
	}
	if s == raw || c.inspect(s) != nil {
		return "", false
	}
	return s, true
}

// inspect finds the first fault of one origin or pattern, by its own rules
// where it can say something helpful, and in the end by the validator's.
func (c *compiler) inspect(raw string) *OriginError {
	bad := func(reason OriginReason, text, fix string) *OriginError {
		return &OriginError{Value: raw, Reason: reason, Text: text, Fix: fix}
	}
	if listToken.in(raw) {
		return bad(OriginTokenList, "it is a CDK list token", "name its elements one by one, with awscdk.Fn_Select")
	}
	s := raw
	if token.in(raw) {
		if strings.Contains(raw, "*") {
			return bad(OriginTokenPattern, "a pattern over a value known only at deploy time cannot be checked",
				"name exact origins, or write the domain out")
		}
		if token.replace(raw, "") == "" {
			return nil // the whole origin is a token: nothing to look at yet
		}
		s = token.replace(raw, "x")
	}
	switch {
	case s == "":
		return bad(OriginEmpty, "it is empty", "remove it")
	case strings.EqualFold(strings.TrimSpace(s), "null"):
		return bad(OriginNull, "every sandboxed frame and local file has the origin null, so it allows everybody",
			"serve the page from an origin of its own and name that")
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return bad(OriginSpace, "it holds a blank or a control character", "remove it")
	case strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f }):
		return bad(OriginUnicode, "browsers send a host in ASCII (Punycode)", "write its ASCII form")
	case strings.Contains(s, ","):
		return bad(OriginCharacter, "a comma separates origins", "make each an element of the list")
	}
	scheme, rest, ok := strings.Cut(s, schemeSep)
	switch {
	case !ok:
		return bad(OriginNoScheme, "it has no scheme", `begin with "https://"`)
	case scheme == "file":
		return bad(OriginScheme, "pages of the scheme file have the origin null", "serve the page from http://localhost and name that")
	case strings.ToLower(s) != s:
		return bad(OriginUpperCase, "browsers send scheme and host in lower case, so it would match nothing", "use lower case")
	case scheme == "*":
		return bad(OriginWildcard, "a wildcard stands for subdomains or for a port, not for a scheme", "name the scheme")
	case strings.ContainsAny(scheme, "+_"):
		return bad(OriginCharacter, "corsgate cannot carry a scheme with + or _ to where it is deployed", "use another scheme")
	case !validScheme(scheme):
		return bad(OriginScheme, "that is no scheme", `begin with "https://"`)
	}
	switch {
	case strings.Contains(rest, "@"):
		return bad(OriginUserinfo, "an origin has no user name", "remove what stands before the @")
	case strings.IndexAny(rest, "/?#") == len(rest)-1 && strings.HasSuffix(rest, "/"):
		return bad(OriginTrailingSlash, "an origin has no path, so it would match nothing", "remove the trailing slash")
	case strings.ContainsAny(rest, "/?#"):
		return bad(OriginPath, "an origin has no path, query or fragment", "name the origin alone")
	case strings.ContainsAny(rest, "[]"):
		return bad(OriginIPv6, "API Gateway's stage variables cannot hold the brackets of an IPv6 address",
			`use a host name, or "http://localhost:*" for this machine`)
	}
	host, port, hasPort := strings.Cut(rest, ":")
	switch {
	case hasPort && port != "*" && !validPort(port):
		return bad(OriginPort, "a port is a number from 1 to 65535 without leading zeros, or *", "correct or remove the port")
	case hasPort && defaultPort(scheme, port):
		return bad(OriginDefaultPort, "browsers leave the scheme's default port out, so it would match nothing", "remove :"+port)
	case strings.Contains(strings.TrimPrefix(host, "*."), "*"):
		fix := "name the origins, or use a pattern of that form"
		_, domain, _ := strings.Cut(host[strings.LastIndexByte(host, '*'):], ".")
		if s := serviceOf(domain); s != nil {
			fix = s.fix
		}
		return bad(OriginWildcard, `a wildcard stands for whole labels at the front ("https://*.example.com") or for the port (":*")`, fix)
	case !validHost(strings.TrimPrefix(host, "*.")):
		return bad(OriginHost, "that is no host name or IPv4 address", "correct it")
	}
	return c.validate(s, bad)
}

// validate asks the validator about one origin that looks right, and the list
// of public suffixes about a pattern.
func (c *compiler) validate(s string, bad func(OriginReason, string, string) *OriginError) *OriginError {
	base := subdomainsOf(s)
	_, err := validator.NewMiddleware(validator.Config{
		Origins: []string{s}, Credentialed: c.cfg.AllowCredentials,
		DangerouslyTolerateInsecureOrigins:            c.cfg.DangerouslyTolerateInsecureOrigins,
		DangerouslyTolerateSubdomainsOfPublicSuffixes: c.cfg.DangerouslyTolerateSubdomainsOfPublicSuffixes || base != "",
	})
	var incompatible *cfgerrors.IncompatibleOriginPatternError
	var unacceptable *cfgerrors.UnacceptableOriginPatternError
	if errors.As(err, &unacceptable) {
		return bad(OriginHost, "that is no host that a browser would send", "correct it: a host name in ASCII lower case, or an IPv4 address in dotted form")
	}
	// A pattern that everybody can join is not an allowlist without credentials
	// either, which is all that the validator looks at.
	if base != "" && !c.cfg.DangerouslyTolerateSubdomainsOfPublicSuffixes {
		if text, fix, ok := shared(base); ok {
			return bad(OriginPublicSuffix, text, fix)
		}
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &incompatible) && incompatible.Reason == "insecure":
		return bad(OriginInsecureCredentials, "with a scheme other than https anybody on the way may act as the user, since AllowCredentials is set",
			"use https, or set DangerouslyTolerateInsecureOrigins")
	default:
		return bad(OriginRefused, err.Error(), "correct or remove it")
	}
}

func defaultPort(scheme, port string) bool {
	return scheme == "https" && port == "443" || scheme == "http" && port == "80"
}

// routable are the methods an API Gateway resource can have, but for OPTIONS,
// which responds to the preflight.
var routable = []string{"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"}

// methods returns the methods of the policy, sorted; nil means any.
func (c *compiler) methods() []string {
	var methods []string
	for _, m := range c.cfg.Methods {
		bad := func(text, fix string) { c.fault(&MethodError{Value: m, Text: text, Fix: fix}) }
		switch upper := strings.ToUpper(m); {
		case slices.Contains(routable, m):
			methods = append(methods, m)
		case m == "*" || upper == "ANY":
			bad("that is no method", "leave Methods empty: each resource then allows the methods it has")
		case upper == "OPTIONS":
			bad("OPTIONS is the preflight, which always gets a response", "remove it")
		case slices.Contains(routable, upper):
			bad("method names are upper case, and browsers tell them apart", fmt.Sprintf("write %q", upper))
		default:
			bad("API Gateway routes DELETE, GET, HEAD, PATCH, POST and PUT", "remove it")
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// headers returns the header names of one field in lower case, sorted and
// without repetitions, "*" first.
func (c *compiler) headers(field string, names []string) []string {
	exposed := field == "ExposedHeaders"
	var out []string
	for _, name := range names {
		bad := func(text, fix string) { c.fault(&HeaderError{Field: field, Value: name, Text: text, Fix: fix}) }
		if name == "*" {
			if c.cfg.AllowCredentials {
				bad("with AllowCredentials browsers take * for a header's name", "name the headers")
				continue
			}
			out = append(out, name)
			continue
		}
		lowered := strings.ToLower(name)
		probe := validator.Config{Origins: []string{"https://example.com"}}
		if exposed {
			probe.ResponseHeaders = []string{name}
		} else {
			probe.RequestHeaders = []string{name}
		}
		_, err := validator.NewMiddleware(probe)
		var e *cfgerrors.UnacceptableHeaderNameError
		switch {
		case errors.As(err, &e) && e.Reason == "forbidden" && exposed:
			bad("browsers never show it to a page (Fetch standard, forbidden response-header name)", "remove it")
		case errors.As(err, &e) && e.Reason == "forbidden":
			bad("browsers set it themselves, a page cannot (Fetch standard, forbidden request-header)", "remove it")
		case errors.As(err, &e) && e.Reason == "prohibited":
			bad("it belongs to the CORS protocol itself, not into a list", "remove it")
		case err != nil:
			bad("that is no header name", "correct it: letters, digits and hyphens")
		case !carriedHeader(lowered):
			bad("a stage variable can carry letters, digits, hyphens, underscores and dots in a header's name", "rename the header")
		default:
			out = append(out, lowered)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if !exposed && slices.Contains(out, "*") && !slices.Contains(out, "authorization") {
		c.note(`RequestHeaders "*" does not cover Authorization: name "authorization" beside it if pages send it`)
	}
	if slices.Contains(out, "*") {
		// Whatever "*" covers says nothing beside it.
		out = slices.DeleteFunc(out, func(h string) bool { return h != "*" && (exposed || h != "authorization") })
	}
	return out
}

// maxAge returns the value of Access-Control-Max-Age, "" for none.
func (c *compiler) maxAge() string {
	d := c.cfg.MaxAge
	bad := func(text, fix string) string {
		c.fault(&MaxAgeError{Value: d, Text: text, Fix: fix})
		return ""
	}
	switch {
	case d == NoCache:
		return "0"
	case d < 0:
		return bad("it is negative", "use cors.NoCache to forbid caching")
	case d%time.Second != 0:
		return bad("browsers count whole seconds", fmt.Sprintf("round it to %s", d.Round(time.Second)))
	case d > corsheader.FirefoxCap:
		return bad(fmt.Sprintf("no browser remembers a preflight for more than %s (Firefox; Chromium %s)", corsheader.FirefoxCap, corsheader.ChromiumCap),
			fmt.Sprintf("use %s", corsheader.ChromiumCap))
	case d == 0:
		return ""
	case d > corsheader.ChromiumCap:
		c.note("max age %s: Chromium remembers a preflight for at most %s, Safari for %s", d, corsheader.ChromiumCap, corsheader.WebKitCap)
	}
	return fmt.Sprint(int64(d / time.Second))
}

// sizes checks that p fits where it is deployed.
func (c *compiler) sizes(p *Policy) {
	switch known, tokens := p.split(); {
	case len(tokens) > maxOriginVariables:
		c.fault(&SizeError{
			Field: "Origins", Got: len(tokens), Max: maxOriginVariables,
			Text: fmt.Sprintf("%d origins have CDK tokens and take a stage variable each; an allowlist may take %d", len(tokens), maxOriginVariables),
			Fix:  "name fewer, or give each audience an API of its own",
		})
	case deal(known, maxOriginVariables-len(tokens)) == nil:
		total := textLen(known)
		text := fmt.Sprintf("%d origins of %d characters in all could not be dealt out to the %d stage variables that an allowlist may take: "+
			"each holds %d characters, and whole origins", len(known), total, maxOriginVariables, maxVariableLen)
		if len(tokens) > 0 {
			text += fmt.Sprintf("; %d more origins have CDK tokens and take a stage variable each", len(tokens))
		}
		c.fault(&SizeError{
			Field: "Origins", Got: total, Max: maxOriginVariables * maxVariableLen, Text: text,
			Fix: "name fewer or shorter ones, use patterns, or give each audience an API of its own",
		})
	}
	for _, l := range []struct{ field, text string }{
		{"RequestHeaders", p.requestHeaders},
		{"ExposedHeaders", p.exposedHeaders},
	} {
		if len(l.text) > maxVariableLen {
			c.fault(&SizeError{
				Field: l.field, Got: len(l.text), Max: maxVariableLen,
				Text: fmt.Sprintf("%d characters, a stage variable holds %d", len(l.text), maxVariableLen),
				Fix:  "name fewer headers",
			})
		}
	}
}
