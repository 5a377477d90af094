package differential

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// A generator makes policies, origins and malformed lists.
type generator struct{ *rand.Rand }

// An element is an origin or pattern of a policy, in parts.
type element struct {
	scheme     string
	host       string // without the wildcard
	subdomains bool
	port       string // "", "8080" or "*"
}

func (e element) String() string {
	s := e.scheme + "://"
	if e.subdomains {
		s += "*."
	}
	s += e.host
	if e.port != "" {
		s += ":" + e.port
	}
	return s
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g *generator) text(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[g.IntN(len(alphabet))]
	}
	return string(b)
}

const letters, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"

func (g *generator) label() string {
	n := pick(g, 1, 1, 2, 3, 5, 8, 12)
	switch {
	case g.chance(5):
		return pick(g, "xn--bcher-kva", "xn--e1afmkfd", "xn--80ak6aa92e")
	case g.chance(2):
		return g.text(letters, 63)
	case g.chance(10):
		return g.text(letters, n) + pick(g, "-", "_", "--") + g.text(letters+digits, n)
	case g.chance(5):
		return g.text(digits, n)
	}
	return g.text(letters, 1) + g.text(letters+digits, n-1)
}

func (g *generator) port() string {
	if g.chance(30) {
		return pick(g, "1", "80", "443", "3000", "8080", "8443", "9999", "10000", "59999", "60000",
			"64999", "65000", "65499", "65500", "65529", "65530", "65535")
	}
	return strconv.Itoa(1 + g.IntN(65535))
}

// element makes an element that may or may not be valid, often a relative of
// one that the policy has already.
func (g *generator) element(family []element) element {
	e := element{scheme: "https", host: g.label() + "." + pick(g, "com", "net", "org", "example", "dev", "co.uk", "github.io", "test")}
	if len(family) > 0 && g.chance(50) {
		e = pick(g, family...)
		e.subdomains, e.port = false, ""
		switch g.IntN(6) {
		case 0: // the same host
		case 1:
			e.host = g.label() + "." + e.host
		case 2:
			e.host = g.label() + e.host
		case 3:
			e.host = strings.Replace(e.host, ".", pick(g, "-", "_", "x", ".x."), 1)
		case 4:
			_, e.host, _ = strings.Cut(e.host, ".")
		case 5:
			e.scheme = pick(g, "http", "https", "https", "capacitor")
		}
	} else {
		switch g.IntN(20) {
		case 0, 1:
			e.scheme, e.host = "http", pick(g, "localhost", "app.localhost", "127.0.0.1")
		case 2:
			e.host = fmt.Sprintf("%d.%d.%d.%d", g.IntN(256), g.IntN(256), g.IntN(256), g.IntN(256))
		case 3:
			e.host = g.label()
		case 4:
			e.host += "."
		case 5:
			e.scheme = pick(g, "capacitor", "ionic", "tauri", "com.example.app", "chrome-extension", "a", "h2", g.text(letters, 64))
			e.host = pick(g, "localhost", "app", g.text("abcdefghijklmnop", 32))
		case 6:
			for len(e.host) < 240 && g.chance(99) {
				e.host = g.label() + "." + e.host
			}
		case 7:
			e.host = "_" + e.host
		case 8, 9, 10:
			e.host = g.label() + "." + e.host
		case 11:
			e.host = g.label() + "." + g.label() + "." + e.host
		}
	}
	e.subdomains = g.chance(25)
	switch {
	case g.chance(12):
		e.port = "*"
	case g.chance(15):
		e.port = g.port()
	}
	return e
}

// A policy is a generated one, in every form that is compared.
type policy struct {
	*cors.Policy
	config   cors.Config
	elements []element
}

// policy makes one with n elements before folding.
func (g *generator) policy(n int) policy {
	p := policy{config: cors.Config{
		DangerouslyTolerateInsecureOrigins:            true,
		DangerouslyTolerateSubdomainsOfPublicSuffixes: true,
		AllowCredentials:                              g.chance(50),
	}}
	if g.chance(50) {
		p.config.ExposedHeaders = []string{"ETag", "X-Request-Id"}
	}
	for len(p.elements) < n {
		e := g.element(p.elements)
		cfg := p.config
		cfg.Origins = []string{e.String()}
		if _, err := cors.New(cfg); err == nil {
			p.elements = append(p.elements, e)
			p.config.Origins = append(p.config.Origins, e.String())
		}
	}
	var err error
	if p.Policy, err = cors.New(p.config); err != nil {
		panic(err) // each of them was accepted alone, and they are not that many
	}
	return p
}

// member makes an origin that e allows.
func (g *generator) member(e element) string {
	host := e.host
	if e.subdomains {
		for range pick(g, 1, 1, 1, 2, 3, 20) {
			host = g.label() + "." + host
		}
	}
	port := e.port
	if port == "*" {
		port = pick(g, "", g.port())
	}
	return element{scheme: e.scheme, host: host, port: port}.String()
}

// origin makes the value of an Origin header to try on p.
func (g *generator) origin(p policy) string {
	e := pick(g, p.elements...)
	if g.chance(10) { // parts of several elements
		e.scheme, e.port = pick(g, p.elements...).scheme, pick(g, p.elements...).port
	}
	o := g.member(e)
	for n := pick(g, 0, 1, 1, 1, 1, 1, 2, 2); n > 0; n-- {
		o = g.mutate(o, p)
	}
	return o
}

// insert puts s somewhere into o.
func (g *generator) insert(o, s string) string {
	i := g.IntN(len(o) + 1)
	return o[:i] + s + o[i:]
}

// mutate applies one of the known tricks.
func (g *generator) mutate(o string, p policy) string {
	scheme, rest, _ := strings.Cut(o, "://")
	host, port, hasPort := strings.Cut(rest, ":")
	join := func(scheme, host string) string {
		if hasPort {
			host += ":" + port
		}
		return scheme + "://" + host
	}
	at := func(s, what, with string, n int) string { // replaces the nth what, if there is one
		i := -1
		for range n + 1 {
			j := strings.Index(s[i+1:], what)
			if j < 0 {
				break
			}
			i += 1 + j
		}
		if i < 0 {
			return s
		}
		return s[:i] + with + s[i+len(what):]
	}
	switch g.IntN(22) {
	case 0: // the allowed host as a prefix
		return join(scheme, host+pick(g, ".evil.net", "evil.net", "-evil.net", ".", "a", "0", "_", "."+host))
	case 1: // and as a suffix
		return join(scheme, pick(g, "evil", "evil.", "evil-", ".", "-", "_", "a.b.c.", "..", "evil..")+host)
	case 2: // a character more or less
		if i := g.IntN(len(o) + 1); i < len(o) {
			return o[:i] + pick(g, "", o[i:i+1]+o[i:i+1], g.text(letters+digits+"-_.:/", 1)) + o[i+1:]
		}
		return o
	case 3: // dots
		return join(scheme, at(host, ".", pick(g, "", "..", "...", "-", "_", "x", "/", "\\", ":", "@", "%2e", "\u3002", "\uff0e", ",", " "), g.IntN(4)))
	case 4:
		return join(scheme, pick(g, "."+host, host+".", host+"..", "."+host+".", g.insert(host, "."), g.insert(host, "..")))
	case 5: // ports
		return scheme + "://" + host + ":" + pick(g, g.port(), "0", "00", "80", "443", "65535", "65536", "65540", "65600", "66000", "70000", "99999",
			"655350", "100000", "4294967376", "080", "0443", "08080", "", "+80", "-1", " 80", "80 ", "8 0", "8a", "a", "1:2", ":80", "~", "*", "\uff18\uff10", "80/", "80.", "80,")
	case 6:
		return scheme + "://" + host
	case 7: // userinfo
		return join(scheme, pick(g, "user@", "user:password@", "@", ":@", "evil.net@", "user%40")+host)
	case 8:
		return join(scheme, host+pick(g, "@evil.net", "@", "&@evil.net", ":80@evil.net", "\\@evil.net"))
	case 9: // case
		i := g.IntN(len(o) + 1)
		return pick(g, strings.ToUpper(o), o[:i]+strings.ToUpper(o[i:]), strings.ToUpper(o[:i])+o[i:], strings.ToUpper(scheme)+"://"+rest)
	case 10: // Punycode
		return join(scheme, pick(g, "xn--"+host, "xn--bcher-kva."+host, "b\u00fccher."+host, at(host, "xn--bcher-kva", "b\u00fccher", 0), "xn--."+host))
	case 11: // control characters
		c := pick(g, "\r", "\n", "\r\n", "\t", "\x00", "\x0b", "\x7f", "\x1f", " ", "\u0085", "\u2028", "\r\nX-Evil: 1", "\nhttps://evil.net")
		return pick(g, c+o, o+c, g.insert(o, c))
	case 12: // beyond ASCII
		c := pick(g, "\u00e9", "\u212a", "\u017f", "\u0130", "\u0131", "\uff41", "\u2024", "\u200b", "\u00ad", "\u202e", "\u0660", "\U0001f600", "\xff", "\xc3", "\xed\xa0\x80")
		return pick(g, c+o, o+c, g.insert(o, c), join(scheme, c+host), join(scheme, c+"."+host))
	case 13: // IPv6
		return pick(g, join(scheme, "["+host+"]"), join(scheme, "[::1]"), join(scheme, "[::ffff:127.0.0.1]"), join(scheme, "[::1%25eth0]."+host),
			join(scheme, "[2001:db8::1]"), join(scheme, "["+host), join(scheme, host+"]"), join(scheme, "[]"), join(scheme, "[x."+host+"]"))
	case 14: // IPv4
		return join(scheme, pick(g, "127.0.0.1", "127.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "127.0.0.01", "0177.0.0.1", "127.0.0.1.", "127.0.0.1.1", "256.0.0.1", "1.2.3.4")+pick(g, "", "", "."+host))
	case 15: // lengths
		if g.chance(80) { // each costs as much as a hundred others
			pad := 320 + g.IntN(12) - len(o)
			if pad < 2 {
				return o
			}
			return join(scheme, pick(g, strings.Repeat("a", pad-1), strings.Repeat("a.", pad)[:pad-1])+"."+host)
		}
		return join(scheme, pick(g, strings.Repeat("a.", 4096), strings.Repeat("a", 8191)+".", strings.Repeat("ab.", 2730), "")+host+pick(g, "", strings.Repeat(".a", 4096), strings.Repeat("9", 8192)))
	case 16: // whole values
		return pick(g, "null", "Null", "NULL", "", "*", "~", "https://", "https:", "://", "http", "https://*", "https://~", "https://.", "https://..", "about:blank", "file://", "undefined",
			"https://*."+host, "https://~."+host, "https://[a-z]."+host, scheme+"://"+host+":~", scheme+"://"+host+":*", scheme+"://"+host+":(:PORT)?")
	case 17: // more than an origin
		return pick(g, o+"/", o+"/index.html", o+"?x=1", o+"#top", o+"\\", o+"/.", o+"//", scheme+"://evil.net/."+host, scheme+"://evil.net?."+host, scheme+"://evil.net#."+host,
			scheme+"://evil.net\\."+host, scheme+"://evil.net/"+o, scheme+"://evil.net&."+host, scheme+"://evil.net%00."+host, scheme+"://evil.net;."+host)
	case 18: // more origins
		other := g.member(pick(g, p.elements...))
		return o + pick(g, ",", ", ", " ", ";", "|", "\t", "\n", "\x00", "") + other
	case 19: // schemes
		return pick(g, "http", "https", "httpss", "ttps", "javascript", "a"+scheme, scheme+"s", scheme+"+x", scheme+".x", "1"+scheme, "", "-"+scheme, " "+scheme) +
			pick(g, "://", "://", "://", ":/", ":", "//", ":///", ":\\\\", "", ":// ") + rest
	case 20: // what means something in a regular expression
		c := pick(g, ".*", "|", "(", ")", "[", "]", "$", "^", "?", "+", "{2}", "\\E", "\\Q", "(?i)", "\\", "&&")
		return pick(g, o+c, c+o, g.insert(o, c), join(scheme, c+"."+host))
	default: // more labels
		return join(scheme, pick(g, g.label(), "-", "_", "-a", "a-", "a_b", "0", g.label()+"."+g.label(), "~", "*", "%61", "a b", "a,b", "'", "\"", "<script>")+"."+host)
	}
}

// A list is the allowlist as stage variables hold it: names and values in turn.
type list []string

func (l list) vars() map[string]string {
	vars := map[string]string{}
	for i := 0; i < len(l); i += 2 {
		vars[l[i]] = l[i+1]
	}
	return vars
}

// shuffle puts the variables in another order.
func (g *generator) shuffle(l list) list {
	l = append(list(nil), l...)
	g.Shuffle(len(l)/2, func(i, j int) {
		l[2*i], l[2*j] = l[2*j], l[2*i]
		l[2*i+1], l[2*j+1] = l[2*j+1], l[2*i+1]
	})
	return l
}

// damage changes a list in a way that may, but need not, leave it malformed.
func (g *generator) damage(l list) list {
	l = g.shuffle(l)
	for range pick(g, 1, 1, 1, 2) {
		if len(l) == 0 {
			break
		}
		i := 1 + 2*g.IntN(len(l)/2)
		switch {
		case g.chance(4):
			l[i] = pick(g, "", ",", "*", "~", "null", " ", "true", "https://", "~,~", "://", ":~", "~.example.com", "|", ".*", "x")
		case g.chance(2):
			l = append(l[:i-1], l[i+1:]...)
		case g.chance(4):
			l[i-1] = pick(g, "corsOrigins0", "corsOrigins007", "corsOrigins99", "corsOriginsX", "corsorigins", "corsOrigins ", "corsOrigins-1", "xcorsOrigins", "corsOrigins\n", "corsOrigins\u0661", "corsOrigin")
		case g.chance(4): // one of the variables beside the list
			name := pick(g, "corsCredentials", "corsMaxAge", "corsMethods", "corsRequestHeaders", "corsExposedHeaders", "corsCredentials2", "corsMaxage")
			l = append(l, name, pick(g, "true", "false", "", "0", "00", "600", "99999", "100000", "-1", "1h", "GET,PUT", "put", "GET, PUT", ",",
				"content-type,x-api-key", "Content-Type", "~", "~,authorization", "*", "x'y", "a b", "x\n", "\nx", "\u0661", "$corsName", `" || "a" == "a`))
		case g.chance(5):
			name := fmt.Sprint("corsOrigins", 100+g.IntN(10))
			l = append(l, name, pick(g, "", "~", "https://a.example.com", "b.example.com", "https://~.b.example.com:~", ","))
		case g.chance(10):
			name := fmt.Sprint("corsExactOrigin", pick(g, "", "2", "007", "s", "-1"))
			l = append(l, name, pick(g, "https://a.example.com", "https://a.example.com", g.hostile("https://a.example.com")))
		case g.chance(2): // the list gives way to the policy for every origin
			for j := 0; j < len(l); {
				if stagevars.IsAllowlist(l[j]) {
					l = append(l[:j], l[j+2:]...)
				} else {
					j += 2
				}
			}
			l = append(l, "corsAnyOrigin", pick(g, "true", "true", "true", "false", ""))
		case g.chance(3):
			l = append(l, "corsAnyOrigin", pick(g, "true", "", "~"))
		default:
			l[i] = g.damageValue(l[i])
		}
	}
	return l
}

func (g *generator) damageValue(v string) string {
	elements := strings.Split(v, ",")
	i := g.IntN(len(elements))
	e := elements[i]
	scheme, rest, _ := strings.Cut(e, "://")
	host, _, _ := strings.Cut(rest, ":")
	switch g.IntN(14) {
	case 0:
		e += pick(g, "/", "/x", "?", "?x=1", "#", "&", "=", ".", "..", "~", "*", ":", ":~", ":0", ":65535", ":65536", ":080", ":443", ":~~", ":~:1", ":1:~", " ", "\n", "\r\n", "\x00", "|", "|.*", "$", "^")
	case 1:
		e = pick(g, "=", "=", "==", "=~", " ", "\n", "/", "~", "*", ".", "-", "_", "1", "a", "A", "|", "(", "^", "", "://", "https://") + e
	case 2:
		e = g.insert(e, pick(g, "..", ".", "/", "?", "#", "&", "=", "~", "*", ":", "://", "_", "-", "A", "@", "%", "+", "(", ")", "[", "]", "|", "\\", "{2}", ".*", " ", "\n", "\u00e9", "\u212a"))
	case 3: // VTL
		e = g.insert(e, pick(g, `"`, `'`, `$x`, `$corsOrigin`, `${corsOrigin}`, `$!corsOrigin`, `#end`, `#set($corsRest = "")`, `")#set($x="`, `") || ("a" == "a`, `##`, `#*`, `*#`, `#[[`, `]]#`, `\"`, `$1`, `\E`, `\Q`, `#if(true)`))
	case 4:
		e = pick(g, "", "~", "*", "null", scheme, rest, scheme+"://", scheme+":/"+rest, scheme+":"+rest, "://"+rest, scheme+":///"+rest)
	case 5:
		e = pick(g, strings.ToUpper(e), "="+e+"=", "="+e+"=")
	case 6:
		e = scheme + "://" + pick(g, "~", "~.", "~..", ".", "..", "~.~.", "~~.", "~a.", "a~.", "*.", "user@", "-", "_", "x.~.", "[") + rest
	case 7:
		e = scheme + "://" + host + ":" + pick(g, g.port(), "~", "0", "65535", "65536", "65599", "6553", "00001", "", "x", "1~", "~1", "100000")
	case 8:
		e = pick(g, "1http", "ht_tp", "ht+tp", "HTTP", "-a", "a..b", "a.b", "a-", "h2", ".a", "", " ") + "://" + rest
	case 9: // an element more
		e += "," + pick(g, "", "~", "https://a.example.com", "null", ",", "https://a.example.com,", e)
	case 10, 11, 12: // a character of those that a stage variable may hold
		if n := g.IntN(len(e) + 1); n < len(e) {
			e = e[:n] + pick(g, "", g.text("abcxyz019-._~:/?#&=,AZ", 1)) + e[n+1:]
		}
	default:
		e = e + "," + strings.Repeat("a", g.IntN(400)) + pick(g, "", "://x", "://~.x:~")
	}
	elements[i] = e
	return strings.Join(elements, ",")
}
