package serve

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
)

//go:embed page.html
var pageHTML string

// sources are the hashes of the page's scripts and of its style, by which the content security policy allows them and
// nothing else.
var sources = func() map[string]string {
	out := map[string]string{}
	for _, tag := range []string{"script", "style"} {
		for _, m := range regexp.MustCompile(`(?s)<`+tag+`(?: [^>]*)?>(.*?)</`+tag+`>`).FindAllStringSubmatch(pageHTML, -1) {
			sum := sha256.Sum256([]byte(m[1]))
			out[tag] += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		}
	}
	return out
}()

// html sends the page. It loads nothing from anywhere, and connects to itself and the API.
func (p *page) html(w http.ResponseWriter, r *http.Request) {
	connect := strings.TrimSpace("'self' " + p.origin(r))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'", "script-src" + sources["script"], "style-src" + sources["style"], "connect-src " + connect,
		"img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; "))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	_, _ = w.Write([]byte(pageHTML))
}
