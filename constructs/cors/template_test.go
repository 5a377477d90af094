package cors_test

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/cors"
)

// The response template stands in front of a user's, which may begin with a
// letter: "#endx" would be taken for another directive, or not parse at all.
func TestResponseTemplateEndsItself(t *testing.T) {
	for _, cfg := range []cors.Config{
		{Origins: []string{"https://app.example.com"}},
		{Origins: []string{"https://app.example.com"}, Credentials: true, ExposedHeaders: []string{"ETag"}},
	} {
		if text := mustNew(t, cfg).ResponseTemplate(); !strings.HasSuffix(text, ")") {
			t.Errorf("a directive that needs a delimiter ends %q", text)
		}
	}
}
