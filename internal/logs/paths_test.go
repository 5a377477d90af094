package logs

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestKeysInPaths holds that what may be a key, a token or a person in a path is printed nowhere, whichever log has it.
func TestKeysInPaths(t *testing.T) {
	for name, secret := range map[string]string{
		"a number":              "4711",
		"hexadecimal":           "deadbeefcafebabe",
		"a UUID without digits": "deadbeef-cafe-babe-face-deadbeefcafe",
		"a key with a digit":    "AbCdEfGhIjKlMnOpQrS7",
		"a signed token":        "AbCdEfGhIj.KlMnOp~QrStU-vW_xY2",
		"a long word":           strings.Repeat("AbCdEfGhIj", 4),
		"an address":            "jane@example.com",
		"an encoded address":    "jane%40example.com",
	} {
		path := "/reset/" + secret
		for log, text := range map[string]string{
			"function": refusedLine(1, "https://elsewhere.test", path),
			"execution": lines(1, "HTTP Method: GET, Resource Path: "+path, asked,
				"Method response headers: {Content-Type=application/json}", "Method completed with status: 200"),
			"access": `{"requestId":"1","httpMethod":"GET","path":"` + path + `","status":"429","error.responseType":"THROTTLED"}`,
		} {
			rep := scan(t, nil, text)
			if len(rep.Findings) != 1 || rep.Findings[0].Path != "/reset/*" {
				t.Errorf("%s, %s log: %s", name, log, listing(rep))
			}
			if b, err := json.Marshal(rep); err != nil || strings.Contains(string(b), secret) {
				t.Errorf("%s, %s log: %s %v", name, log, b, err)
			}
		}
	}
	// Names of resources are no keys.
	for _, path := range []string{"/v1/customer-notifications", "/reports/summary-2026-11-22", "/{orderId}", "/{" + strings.Repeat("x", 40) + "}"} {
		if got := listing(scan(t, nil, refusedLine(1, "https://elsewhere.test", path))); !strings.Contains(got, " "+path+":") {
			t.Errorf("%s is told as %s", path, got)
		}
	}
}
