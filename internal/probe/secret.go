package probe

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/questions"
)

// secrets are what is sent and never shown. In its place stands the name of a shell variable.
type secrets struct {
	// lines gives, for a header's name in lower case, its value on the wire.
	lines map[string]string
	// values are what is looked for in what a server says.
	values []string
}

// telling are parts of the names of headers whose values are taken for credentials.
var telling = []string{"auth", "token", "secret", "key", "session", "password", "cookie", "credential", "signature"}

const cookieVariable = "$COOKIE"

func secretsOf(o Options) *secrets {
	s := &secrets{lines: map[string]string{}}
	for _, f := range o.Header {
		if name := strings.ToLower(f.Name); isTelling(name) && f.Value != "" && f.Value != questions.Value(name) {
			s.lines[name] = f.Value
			s.add(f.Value)
			if _, token, ok := strings.Cut(f.Value, " "); ok {
				s.add(token)
			}
		}
	}
	if o.BearerEnv != "" {
		s.lines["authorization"] = "Bearer " + o.Bearer
		s.add(o.Bearer)
	}
	if o.Cookie != "" {
		s.lines["cookie"] = o.Cookie
		s.add(o.Cookie)
		for part := range strings.SplitSeq(o.Cookie, ";") {
			if _, value, ok := strings.Cut(part, "="); ok {
				s.add(strings.TrimSpace(value))
			}
		}
	}
	// The longest first: one may be a part of another.
	slices.SortFunc(s.values, func(a, b string) int { return len(b) - len(a) })
	return s
}

// shortest is the length from which a value is looked for in what a server says. A shorter one is there by chance.
const shortest = 5

// add has a value looked for, also as it is in JSON and in a URL.
func (s *secrets) add(value string) {
	if len(value) < shortest {
		return
	}
	inJSON, _ := json.Marshal(value) // a string can be marshalled
	s.values = append(s.values, value, strings.Trim(string(inJSON), `"`), url.QueryEscape(value), url.PathEscape(value))
}

func isTelling(name string) bool {
	return slices.ContainsFunc(telling, func(part string) bool { return strings.Contains(name, part) })
}

// hide returns the page's headers with shell variables instead of credentials.
func (s *secrets) hide(h browser.Header) browser.Header {
	out := browser.Header{}
	for _, f := range h {
		if _, ok := s.lines[strings.ToLower(f.Name)]; ok {
			f.Value = variable(f.Name)
		}
		out = append(out, f)
	}
	return out
}

var notOfVariables = regexp.MustCompile(`[^A-Z0-9_]`)

func variable(name string) string {
	return "$" + notOfVariables.ReplaceAllString(strings.ToUpper(name), "_")
}

func (s *secrets) bearer(env string) string { return "Bearer $" + env }

var isVariable = regexp.MustCompile(`^(Bearer )?\$[A-Za-z_][A-Za-z0-9_]*$`)

// stands reports whether a line's value is a variable instead of one that is not shown.
func (s *secrets) stands(f browser.Field) bool {
	_, ok := s.lines[strings.ToLower(f.Name)]
	return ok && isVariable.MatchString(f.Value)
}

// real returns the lines as they go over the wire.
func (s *secrets) real(h browser.Header) browser.Header {
	out := slices.Clone(h)
	for i, f := range out {
		if s.stands(f) {
			out[i].Value = s.lines[strings.ToLower(f.Name)]
		}
	}
	return out
}

// hidden is what a secret in a server's words is replaced by.
const hidden = "(not shown)"

// redact takes the secrets out of a text.
func (s *secrets) redact(text string) string {
	for _, v := range s.values {
		text = strings.ReplaceAll(text, v, hidden)
	}
	return text
}

// answered returns a server's header lines without what is secret. What it sets as a cookie is a credential as well.
func (s *secrets) answered(h browser.Header) browser.Header {
	out := browser.Header{}
	for _, f := range h {
		f.Name, f.Value = s.redact(f.Name), s.redact(f.Value)
		if strings.EqualFold(strings.TrimSpace(f.Name), "set-cookie") {
			pair, attributes, more := strings.Cut(f.Value, ";")
			name, _, _ := strings.Cut(pair, "=")
			f.Value = name + "=" + hidden
			if more {
				f.Value += ";" + attributes
			}
		}
		out = append(out, f)
	}
	return out
}
