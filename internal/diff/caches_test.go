package diff

import (
	"strings"
	"testing"
)

// varying is an API of one GET that is for an origin if its condition holds, with and without Vary, and with a static
// header else.
func varying(t *testing.T, condition, vary string) []byte {
	t.Helper()
	return []byte(strings.ReplaceAll(string(echoing(t, condition)), `"IntegrationResponses": [{"StatusCode": "200"}]`,
		`"IntegrationResponses": [{"StatusCode": "200", "ResponseParameters": {`+vary+`}}]`))
}

// Vary is lost, and a cache gives a page the response for another, or the one for a request without an origin.
func TestCaches(t *testing.T) {
	const one = `#if($o == "https://app.example.com")`
	const origin, other = `"method.response.header.Vary": "'Accept, origin'"`, `"method.response.header.Vary": "'Accept'"`
	for name, tt := range map[string]struct {
		before, after []byte
		says          string
	}{
		"lost":      {varying(t, one, origin), varying(t, one, other), "Caches may mix up responses\n\n- Responses of `GET /` depend"},
		"none":      {varying(t, one, origin), varying(t, one, ""), "this is less safe to cache"},
		"gained":    {varying(t, one, ""), varying(t, one, origin), "safer to cache**.\n\n#### Caches no longer mix up responses\n\n- Responses of `GET /` say"},
		"any":       {varying(t, one, ""), varying(t, one, `"method.response.header.Vary": "'*'"`), "safer"},
		"static":    {static(nil, nil), static(map[string]string{"Vary": "Origin"}, map[string]string{"Vary": "Origin"}), "Nothing, although"},
		"no origin": {static(nil, nil), varying(t, `#set($o = "https://app.example.com")#if($input.params().header.get("origin") != "")`, ""), "less safe to cache"},
	} {
		d := between(t, tt.before, tt.after)
		if got := markdownOf(t, d); !strings.Contains(got, tt.says) || d.Empty() != strings.HasPrefix(tt.says, "Nothing") {
			t.Errorf("%s: want %q, got\n%s", name, tt.says, got)
		}
	}
}
