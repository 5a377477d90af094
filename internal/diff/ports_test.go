package diff

import (
	"strings"
	"testing"
)

// A part of an origin that only a deployment knows is the expression that it is, wherever it stands: another one is another origin.
func TestPartsOfOrigins(t *testing.T) {
	origins := []string{"https://app.example.com:${P}", "https://app.example.com:${P}1", "https://app.example.com:8${P}", "https://app.example.com:${Q}", "https://${H}:${P}",
		"${R}://app.example.com", "${S}://app.example.com", "https://${R}.example.com", "https://${R}a.example.com", "https://a${R}.example.com", "https://app.${R}", "https://app.${R}:8080", "https://${R}-${S}.example.com", "https://${S}-${R}.example.com"}
	template := func(origin string) []byte {
		return []byte(strings.Replace(strings.Replace(whole, `"Q": {"Type": "String"}`, `"Q": {"Type": "String"}, "R": {"Type": "String"}, "S": {"Type": "String"}, "H": {"Type": "String"}`, 1), `"page": "https://app.example.com"`, `"page": {"Fn::Sub": "`+origin+`"}`, 1))
	}
	if got := told(t, template("https://${P}:${Q}"), template("https://${Q}:${P}")); !strings.Contains(got, "Not compared") {
		t.Errorf("a port that is a host, too: %s", got)
	}
	for i, origin := range origins {
		if got := told(t, template(origin), template(origin)); got != "" {
			t.Errorf("%s and itself: %s", origin, got)
		}
		other := origins[(i+1)%len(origins)]
		for _, pair := range [][2]string{{origin, other}, {other, origin}} {
			got := told(t, template(pair[0]), template(pair[1]))
			for n, direction := range []string{"may no longer use", "may now use"} {
				if line := "Pages of " + pair[n]; !strings.Contains(got, line) || !strings.Contains(got, direction) {
					t.Errorf("%s to %s: %q is not told:\n%s", pair[0], pair[1], line, got)
				}
			}
		}
	}
}
