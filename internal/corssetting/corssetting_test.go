package corssetting

import (
	"slices"
	"strings"
	"testing"
)

func TestOrigin(t *testing.T) {
	const page = "https://app.example.com"
	for _, tt := range []struct {
		service     Service
		origins     string
		credentials string
		want        string // "?" for not known
	}{
		{HTTPAPI, page, "", page}, {FunctionURL, page, "true", page},
		{HTTPAPI, "https://other.example " + page, "", page},
		{HTTPAPI, "", "", ""}, {HTTPAPI, "https://app.example.com/", "", ""}, {HTTPAPI, "https://*.example.com", "", ""},
		{HTTPAPI, "https://app.example.com:*", "", ""}, {HTTPAPI, "app.example.com", "", ""}, {FunctionURL, "https://*.example.com", "", ""},
		{HTTPAPI, "https://*", "true", page}, {HTTPAPI, "http://*", "", ""}, {FunctionURL, "https://*", "", "?"}, {FunctionURL, "http://*", "", ""},
		{HTTPAPI, "*", "", "*"}, {HTTPAPI, page + " *", "", "*"}, {FunctionURL, "*", "", "*"}, {FunctionURL, "*", "false", "*"}, {FunctionURL, "*", "true", "?"},
		{HTTPAPI, "https://App.example.com", "", "?"}, {HTTPAPI, "https://App.example.com " + page, "", page}, {HTTPAPI, "https://App.example.com https://*", "", page},
		{HTTPAPI, "HTTPS://*", "", "?"}, {HTTPAPI, "HTTP://*", "", ""}, {HTTPAPI, "HTTPS://* https://*", "", page},
	} {
		s := &Setting{Service: tt.service, Origins: strings.Fields(tt.origins), Credentials: tt.credentials}
		got, notKnown := s.Origin(page)
		if notKnown != "" {
			got += "?"
		}
		if got != tt.want {
			t.Errorf("%s, %q, credentials %q: %q (%s), want %q", tt.service, tt.origins, tt.credentials, got, notKnown, tt.want)
		}
	}
}

func TestHeaders(t *testing.T) {
	s := &Setting{Service: HTTPAPI, Methods: []string{"GET", "*"}, Headers: []string{"a", "b"}, Expose: []string{"c"}, Credentials: "true", MaxAge: "60"}
	text := func(headers []Header) string {
		var out []string
		for _, h := range headers {
			out = append(out, h.Name+"="+h.Value)
		}
		return strings.ReplaceAll(strings.Join(out, " "), "Access-Control-", "")
	}
	if got := text(s.Preflight("o")); got != "Allow-Origin=o Allow-Credentials=true Allow-Methods=GET,* Allow-Headers=a,b Max-Age=60" {
		t.Error(got)
	}
	if got := text(s.Actual("o")); got != "Allow-Origin=o Allow-Credentials=true Expose-Headers=c" {
		t.Error(got)
	}
	if got := text((&Setting{Credentials: "false", MaxAge: "0"}).Preflight("o")); got != "Allow-Origin=o" {
		t.Error(got)
	}
}

// A truth value is sent as a browser wants it; a text that only a deployment knows is sent as it stands, so that it can be compared.
func TestTexts(t *testing.T) {
	known := func(s string) bool { return s != "PARAMETER" }
	for _, tt := range []struct{ credentials, age, sent, mistyped string }{
		{"True", "60", "Access-Control-Allow-Credentials: true, Access-Control-Max-Age: 60", ""},
		{"TRUE", "-1", "Access-Control-Allow-Credentials: true, Access-Control-Max-Age: -1", ""},
		{"False", "0", "", ""},
		{"", "", "", ""},
		{"PARAMETER", "PARAMETER", "Access-Control-Allow-Credentials: PARAMETER, Access-Control-Max-Age: PARAMETER", ""},
		{"yes", "1h", "Access-Control-Allow-Credentials: yes, Access-Control-Max-Age: 1h", "AllowCredentials is yes; it may be true or false, MaxAge is 1h; it is a whole number of seconds"},
		{"1", "3600.5", "Access-Control-Allow-Credentials: 1, Access-Control-Max-Age: 3600.5", "AllowCredentials is 1; it may be true or false, MaxAge is 3600.5; it is a whole number of seconds"},
	} {
		s := &Setting{Service: HTTPAPI, Credentials: tt.credentials, MaxAge: tt.age}
		var sent []string
		for _, h := range s.Preflight("") {
			sent = append(sent, h.Name+": "+h.Value)
		}
		wrong := s.Mistyped(known)
		mistyped := strings.Join(slices.DeleteFunc([]string{wrong["AllowCredentials"], wrong["MaxAge"]}, func(l string) bool { return l == "" }), ", ")
		if got := strings.Join(sent, ", "); got != tt.sent || mistyped != tt.mistyped {
			t.Errorf("%q, %q: %s; %s, want %s; %s", tt.credentials, tt.age, got, mistyped, tt.sent, tt.mistyped)
		}
	}
}

func TestRefused(t *testing.T) {
	known := func(m string) bool { return m != "PARAMETER" }
	for service, want := range map[Service]string{HTTPAPI: "ANY get", FunctionURL: "ANY get OPTIONS"} {
		s := &Setting{Service: service, Methods: []string{"GET", "*", "ANY", "get", "OPTIONS", "PARAMETER"}}
		if got := strings.Join(s.RefusedMethods(known), " "); got != want {
			t.Errorf("%s refuses %s, want %s", service, got, want)
		}
	}
	many := make([]string, 101)
	for _, tt := range []struct {
		s    Setting
		want string
	}{
		{Setting{Service: HTTPAPI, MaxAge: "-1"}, ""}, {Setting{Service: FunctionURL, MaxAge: "-1"}, "MaxAge is -1"},
		{Setting{Service: HTTPAPI, MaxAge: "86401"}, "MaxAge is 86401"}, {Setting{Service: FunctionURL, MaxAge: "86400"}, ""},
		{Setting{Service: FunctionURL, Origins: many}, "AllowOrigins has 101"}, {Setting{Service: HTTPAPI, Origins: many}, ""},
		{Setting{Service: FunctionURL, Expose: many}, "ExposeHeaders has 101"},
		{Setting{Service: FunctionURL, Origins: []string{"https://" + strings.Repeat("a", 246)}}, "254 characters"},
		{Setting{Service: FunctionURL, Origins: []string{"https://" + strings.Repeat("a", 245)}}, ""},
		{Setting{Service: FunctionURL, Origins: []string{"PARAMETER" + strings.Repeat("a", 245)}}, ""},
		{Setting{Service: HTTPAPI, Origins: []string{"https://a.example", "http://a.example", "HTTPS://*", "*", "a.example", "PARAMETER://a.example"}}, ""},
		{Setting{Service: HTTPAPI, Origins: []string{"https://a.example", "capacitor://localhost"}}, "capacitor://localhost has the scheme capacitor; an HTTP API takes https and http"},
		{Setting{Service: FunctionURL, Origins: []string{"capacitor://localhost"}}, ""},
		{Setting{Service: HTTPAPI, Texts: []string{"AllowOrigins"}}, "AllowOrigins is a text"},
	} {
		var got []string
		for _, r := range tt.s.Refused(func(o string) bool { return !strings.HasPrefix(o, "PARAMETER") }) {
			got = append(got, r.String())
		}
		if len(got) > 1 || (tt.want == "") != (got == nil) || !strings.Contains(strings.Join(got, "; "), tt.want) {
			t.Errorf("%+v: %q, want %q", tt.s, got, tt.want)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, tt := range []struct {
		entry                string
		httpAPI, functionURL bool
	}{
		{"https://*.example.com", true, true}, {"http://localhost:*", true, true}, {"https://app*.example.com", true, true}, {"**", true, true},
		{"https://*", false, true}, {"http://*", false, true}, {"*", false, false}, {"https://app.example.com", false, false}, {"", false, false},
	} {
		for service, want := range map[Service]bool{HTTPAPI: tt.httpAPI, FunctionURL: tt.functionURL} {
			if got := service.Pattern(tt.entry); strings.HasPrefix(got, service.Name()+" compares whole origins") != want || (got == "") == want {
				t.Errorf("%s, %q: %q", service, tt.entry, got)
			}
		}
	}
}
