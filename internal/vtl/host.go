package vtl

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"unicode/utf16"

	"github.com/corsgate/corsgate/internal/vtl/jaywaypath"
)

// Input is $input.
type Input struct {
	// Body is the payload as text. An empty one reads as {} (recorded 2025-03).
	Body string
	// Path, Query and Header are the request's parameters, with the case of their names. $input.params(name) looks in this
	// order.
	Path, Query, Header *Map

	parsed bool
	root   any
	err    error
}

func (in *Input) body() string {
	if in.Body == "" {
		return "{}"
	}
	return in.Body
}

// ErrPayload is that of reading a body that begins like an object or an array of JSON and is none.
var ErrPayload = errors.New("the body begins like JSON and is none")

// json returns the parsed body; a body that is not JSON is a string, unless it begins like JSON.
func (in *Input) json() (any, error) {
	if !in.parsed {
		in.parsed = true
		if in.root, in.err = ParseJSON(in.body()); in.err != nil && !errors.As(in.err, new(*Error)) {
			in.root, in.err = in.body(), nil
			if text := strings.TrimLeft(in.body(), " \t\r\n"); text != "" && (text[0] == '{' || text[0] == '[') {
				in.err = ErrPayload
			}
		}
	}
	return in.root, in.err
}

func orEmpty(m *Map) *Map {
	if m == nil {
		return NewMap()
	}
	return m
}

// Property returns $input.body.
func (in *Input) Property(name string) any {
	if name == "body" {
		return in.body()
	}
	return nil
}

// Method returns $input.json, $input.path and $input.params.
func (in *Input) Method(name string, args []any) (any, bool, error) {
	switch name {
	case "params":
		if len(args) == 0 {
			m := NewMap()
			m.Put("path", orEmpty(in.Path))
			m.Put("querystring", orEmpty(in.Query))
			m.Put("header", orEmpty(in.Header))
			return m, true, nil
		}
		if n, ok := one[string](args); ok {
			for _, m := range []*Map{in.Path, in.Query, in.Header} {
				if m == nil {
					continue
				}
				if v, ok := m.Get(n); ok {
					return v, true, nil
				}
			}
			return nil, true, nil
		}
	case "path", "json":
		p, ok := one[string](args)
		if !ok {
			return nil, false, notKnown("$input." + name + " takes a JSONPath, such as '$.name'")
		}
		v, _, err := in.at(p)
		if err != nil || name == "path" {
			return v, true, err
		}
		s, err := jsonText(v)
		return s, true, err
	}
	return nil, false, notKnown("$input has no method " + name + " for these arguments; it has json, path and params")
}

// at returns what a JSONPath leads to, and how many values were visited.
func (in *Input) at(path string) (any, int, error) {
	root, err := in.json()
	if err != nil {
		return nil, 0, err
	}
	return jaywaypath.Eval(jsonModel{}, root, path)
}

// jsonText is what $input.json makes of a value. What is not there reads as an empty string, here as its JSON; believed,
// not recorded.
func jsonText(v any) (string, error) {
	if v == nil {
		return `""`, nil
	}
	return ToJSON(v)
}

// call is Method, paid for: a path may visit every value of the body, and each call of json makes a text anew.
func (in *Input) call(ev *eval, pos Pos, name string, args []any) (any, error) {
	p, ok := one[string](args)
	if !ok || name != "json" && name != "path" {
		v, _, err := in.Method(name, args)
		return v, err
	}
	if err := ev.charge(pos, len(p)); err != nil {
		return nil, err
	}
	v, visited, err := in.at(p)
	if err != nil {
		return nil, err
	}
	ev.steps += visited / 16
	if err := ev.step(pos); err != nil || name == "path" {
		return v, err
	}
	s, err := jsonText(v)
	if err != nil {
		return nil, err
	}
	// Making the text visits as many values as it has, which are short at times.
	ev.steps += len(s) / 128
	return s, ev.charge(pos, len(s))
}

// Util is $util.
type Util struct{}

// Property returns nothing: $util has methods only.
func (Util) Property(string) any { return nil }

// Method returns the functions of $util for arguments that need no evaluation; see call.
func (Util) Method(name string, args []any) (any, bool, error) { return nil, false, nil }

func (Util) call(ev *eval, pos Pos, name string, args []any) (any, error) {
	if len(args) != 1 {
		return nil, notKnown("$util." + name + " takes one argument")
	}
	s := ""
	if args[0] != nil {
		var err error
		if s, err = ev.text(pos, args[0]); err != nil {
			return nil, err
		}
	}
	if err := ev.charge(pos, len(s)); err != nil {
		return nil, err
	}
	var out string
	switch name {
	case "escapeJavaScript":
		out = escapeJavaScript(s)
	case "parseJson":
		if err := ev.charge(pos, 16*len(s)); err != nil {
			return nil, err
		}
		v, err := ParseJSON(s)
		if err != nil {
			return nil, notKnown(fmt.Sprintf("$util.parseJson of what is no JSON: %v; what the service does with it is not recorded", err))
		}
		return v, nil
	case "urlEncode":
		out = urlEncode(s)
	case "urlDecode":
		d, err := url.QueryUnescape(s)
		if err != nil {
			return nil, notKnown(fmt.Sprintf("$util.urlDecode: %v; what the service does with it is not recorded", err))
		}
		out = strings.ToValidUTF8(d, "\uFFFD")
	case "base64Encode":
		out = base64.StdEncoding.EncodeToString([]byte(s))
	case "base64Decode":
		d, err := decodeBase64(s)
		if err != nil {
			return nil, notKnown("$util.base64Decode of what is not base64; what the service does with it is not recorded")
		}
		out = strings.ToValidUTF8(string(d), "\uFFFD")
	default:
		return nil, notKnown("$util has no function " + name + "; it has escapeJavaScript, parseJson, urlEncode, urlDecode, base64Encode and base64Decode")
	}
	return out, ev.charge(pos, len(out))
}

func decodeBase64(s string) ([]byte, error) {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', ' ', '\t':
			return -1
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, s)
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
}

// urlEncode is java.net.URLEncoder: letters, digits and .-*_ stay, a blank becomes a plus sign.
func urlEncode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isAlpha(c) || isDigit(c) || strings.IndexByte(".-*_", c) >= 0:
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// escapeJavaScript is StringEscapeUtils.escapeJavaScript of Apache Commons Lang 2: quotes of both kinds, backslashes,
// slashes and control characters are escaped, what is not ASCII becomes \uXXXX.
func escapeJavaScript(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		switch {
		case u == '"' || u == '\'' || u == '\\' || u == '/':
			b.WriteByte('\\')
			b.WriteByte(byte(u))
		case u == '\b':
			b.WriteString(`\b`)
		case u == '\n':
			b.WriteString(`\n`)
		case u == '\t':
			b.WriteString(`\t`)
		case u == '\f':
			b.WriteString(`\f`)
		case u == '\r':
			b.WriteString(`\r`)
		case u < ' ' || u > 0x7f:
			fmt.Fprintf(&b, `\u%04X`, u)
		default:
			b.WriteByte(byte(u))
		}
	}
	return b.String()
}

// Overrides holds what templates set in $context.responseOverride and $context.requestOverride. The two templates of an
// exchange share one, since a parameter may be set only once.
type Overrides struct {
	// Response is $context.responseOverride, Request is $context.requestOverride.
	Response, Request *Map
	set               map[string]Pos
}

// NewOverrides returns empty overrides.
func NewOverrides() *Overrides {
	o := &Overrides{set: map[string]Pos{}}
	o.Response = o.guard("responseOverride", "header")
	o.Request = o.guard("requestOverride", "header", "path", "querystring")
	return o
}

// Into puts the overrides into a $context, where neither can be replaced as a whole.
func (o *Overrides) Into(context *Map) {
	context.Put(o.Response.Name, o.Response)
	context.Put(o.Request.Name, o.Request)
	context.onPut = func(ev *eval, pos Pos, key string, _ any) error {
		if key == o.Response.Name || key == o.Request.Name {
			return ev.errf(pos, "$context.%s cannot be replaced as a whole; set its members one by one", key)
		}
		return nil
	}
}

func (o *Overrides) guard(name string, subs ...string) *Map {
	m := NewMap()
	m.Name = name
	for _, s := range subs {
		m.Put(s, NewMap())
		sub, _ := m.Get(s)
		sm := sub.(*Map)
		sm.Name = name + "." + s
		sm.onPut = func(ev *eval, pos Pos, key string, v any) error {
			return o.once(ev, pos, sm.Name, key, s == "header", v)
		}
	}
	m.onPut = func(ev *eval, pos Pos, key string, v any) error {
		for _, s := range subs {
			if s == key {
				return ev.errf(pos, "$context.%s.%s cannot be replaced as a whole; set its members one by one", name, key)
			}
		}
		return o.once(ev, pos, name, key, false, v)
	}
	return m
}

// once refuses the second setting of a parameter. Names of headers are the same whatever their case.
func (o *Overrides) once(ev *eval, pos Pos, in, key string, fold bool, v any) error {
	id := in + "." + key
	if fold {
		id = in + "." + strings.ToLower(key)
	}
	if at, dup := o.set[id]; dup {
		return ev.errf(pos, "$context.%s.%s is set a second time (first at %s); API Gateway allows it once and responds with 5XX", in, key, at)
	}
	o.set[id] = pos
	s := ""
	if v != nil {
		var err error
		if s, err = ev.text(pos, v); err != nil {
			return err
		}
	}
	ev.trace(Event{Pos: pos, Kind: Override, Name: in + "." + key, Value: s})
	return nil
}

// Copy returns the same overrides for another exchange. It returns false where they hold what is not one plain value, which
// two exchanges would share.
func (o *Overrides) Copy() (*Overrides, bool) {
	out := NewOverrides()
	maps.Copy(out.set, o.set)
	return out, copied(o.Response, out.Response) && copied(o.Request, out.Request)
}

// copied puts the entries of a guarded map into a fresh one, and reports whether that is all of it.
func copied(from, into *Map) bool {
	for _, e := range into.entries {
		sub, guarded := e.Value.(*Map)
		if !guarded {
			continue
		}
		of, _ := from.Get(e.Key)
		if m, ok := of.(*Map); !ok || m.Name != sub.Name || !copied(m, sub) {
			return false
		}
	}
	for _, e := range from.entries {
		if _, guarded := e.Value.(*Map); guarded {
			if _, known := into.Get(e.Key); !known {
				return false
			}
			continue
		}
		if _, plain := mapKey(e.Value); !plain {
			return false
		}
		into.Put(e.Key, e.Value)
	}
	return true
}

// Pairs returns a map's entries as printed text, in order, without those whose value is null.
func (m *Map) Pairs() ([][2]string, error) {
	ev := &eval{env: &Env{}, lim: Limits{}.withDefaults()}
	var out [][2]string
	for _, e := range m.entries {
		if e.Value == nil {
			continue
		}
		k, err := ev.text(Pos{1, 1}, e.Key)
		if err != nil {
			return nil, err
		}
		v, err := ev.text(Pos{1, 1}, e.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, [2]string{k, v})
	}
	return out, nil
}

// Print returns a value's printed form.
func Print(v any) (string, error) {
	ev := &eval{env: &Env{}, lim: Limits{}.withDefaults()}
	return ev.text(Pos{1, 1}, v)
}
