package logs

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/rules"
)

// refused returns the rule for an origin that was refused, and what to say of it: whether an entry of the allowlist seems to
// be missing, or somebody to pose as one that is on it.
func (s *Scanner) refused(origin string) (rule rules.ID, what string) {
	quoted := clip(origin)
	if s.allowed == nil {
		return rules.CORS702, quoted + " was refused"
	}
	if s.allowed.Match(origin) {
		return rules.CORS702, quoted + " was refused, and the policy now in force allows it"
	}
	if how := resembles(origin, s.allowed); how != "" {
		return rules.CORS701, quoted + " was refused; " + how
	}
	return rules.CORS702, quoted + " was refused; it resembles no allowed origin"
}

// probed makes one entry of the origins that corsgate probe asked from: those with its name in them, and the other
// look-alikes of the same origin, since a probe asks from all of them.
func (s *Scanner) probed() {
	asked := map[string]bool{questions.Stranger: true}
	for _, in := range s.incidents {
		scheme, host, _ := strings.Cut(in.origin, "://")
		for _, own := range []string{"corsgate-", "corsgate."} {
			if page, ok := strings.CutPrefix(host, own); ok && in.origin != questions.Stranger {
				for _, o := range questions.Lookalikes(scheme + "://" + page) {
					asked[o] = true
				}
			}
		}
	}
	var all *incident
	for _, k := range slices.SortedFunc(maps.Keys(s.incidents), func(a, b key) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }) {
		in := s.incidents[k]
		if !asked[in.origin] || k.rule != rules.CORS701 && k.rule != rules.CORS702 {
			continue
		}
		delete(s.incidents, k)
		if all == nil {
			all = &incident{key: key{rule: rules.CORS702, source: k.source, path: k.path, what: "origins that corsgate probe uses were refused, as they should be"}}
		}
		if all.add(in); all.path != k.path {
			all.path = ""
		}
		all.from(k.source)
	}
	if all != nil {
		s.incidents[all.key] = all
	}
}

// resembles says which entry of a policy an origin resembles, and how; nothing if it resembles none.
func resembles(origin string, p *cors.Policy) string {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return ""
	}
	for _, kind := range []func(u, allowed *url.URL) string{sameHost, sameSite, imitation} {
		for _, e := range p.Origins() {
			allowed, err := url.Parse(strings.NewReplacer("*.", "", ":*", "").Replace(e))
			if err != nil {
				continue // it holds a token
			}
			if how := kind(u, allowed); how != "" {
				return fmt.Sprintf(how, e)
			}
		}
	}
	return ""
}

func sameHost(u, allowed *url.URL) string {
	switch {
	case !strings.EqualFold(u.Hostname(), allowed.Hostname()):
		return ""
	case u.Path != "" || strings.ToLower(u.Host) != u.Host:
		return "it is %s in a form that no browser sends"
	case u.Scheme != allowed.Scheme:
		return "only its scheme differs from %s: an entry may be missing"
	case u.Port() != allowed.Port():
		return "only its port differs from %s: an entry may be missing"
	}
	return "it is the domain of the pattern %s, which matches only names below it: an entry may be missing"
}

// site returns a host's registrable domain; nothing for an address or a name that is below none.
func site(u *url.URL) string {
	if net.ParseIP(u.Hostname()) != nil {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(u.Hostname()))
	if err != nil {
		return ""
	}
	return domain
}

// sameSite finds hosts below one registrable domain (https://html.spec.whatwg.org/#same-site), which belong to one owner.
func sameSite(u, allowed *url.URL) string {
	if own := site(allowed); own == "" || site(u) != own {
		return ""
	}
	return "it is of the same site as %s: an entry may be missing"
}

// imitation finds hosts made to be taken for another, or to slip through a comparison that is not exact.
func imitation(u, allowed *url.URL) string {
	own, host := site(allowed), strings.ToLower(u.Hostname())
	if own == "" || net.ParseIP(host) != nil {
		return ""
	}
	other := site(u)
	if other == "" {
		other = host
	}
	name, _, _ := strings.Cut(own, ".")
	otherName, _, _ := strings.Cut(other, ".")
	switch {
	case strings.HasSuffix(host, own), strings.Contains("."+host, "."+own):
		return "its name contains the domain of %s, but it is another site: somebody may be trying to get in"
	case len(name) >= 4 && (otherName == name || near(otherName, name) || disguised(otherName, name)):
		return "it looks like %s: it is mistyped, or somebody may be trying to get in"
	}
	return ""
}

// disguised reports whether an internationalized name has the letters of another but for some that are of no ASCII, which may
// look the same (https://www.unicode.org/reports/tr39/#Confusable_Detection).
func disguised(a, name string) bool {
	shown, err := idna.ToUnicode(a)
	letters := []rune(shown)
	if err != nil || shown == a || len(letters) != len(name) {
		return false
	}
	same := 0
	for i, r := range letters {
		switch {
		case r < utf8.RuneSelf && byte(r) != name[i]:
			return false
		case r < utf8.RuneSelf:
			same++
		}
	}
	return 2*same >= len(name)
}

// near reports whether two names are one slip apart: a letter more, less, other or exchanged with its neighbour.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		return i == len(a) || a[i+1:] == b[i+1:] ||
			i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	case 1:
		return a[i:] == b[i+1:]
	}
	return false
}
