package browser

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"hash/crc32"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// screenshot is what the page looks like, for whoever reviews a change of it.
const screenshot = module + "/test/out/page.png"

// testPage uses serve's own page of the catalog as a user does.
func (b *bench) testPage(t *testing.T) {
	ctx, cancel := context.WithTimeout(b.tab.ctx, 2*patience)
	defer cancel()
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	text := func(selector string) string {
		t.Helper()
		s, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	open := func(host string) {
		t.Helper()
		b.tab.origin = ""
		b.tab.said()
		do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate("https://"+host+"/"), chromedp.WaitVisible(chromedp.CSS("#matrix .cell")))
		if said := b.tab.said(); len(said) > 0 {
			t.Errorf("on the page of %s the console is told %q", host, said)
		}
	}

	open(listedPage)
	if s := text("#policy"); !strings.Contains(s, "https://*.preview.example.com") {
		t.Errorf("the policy is shown as %q", s)
	}
	if s := text("#own-listed"); !strings.Contains(s, "(on the list)") {
		t.Errorf("of its own origin the page says %q", s)
	}
	cells, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll("#matrix .cell")].map((c) => c.getAttribute("aria-label") + " / " + c.innerText.replace(/\s+/g, " ").trim())`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"GET /products from https://app.example.com: allowed, no preflight / ✓ allowed no preflight",
		"GET /health from https://a.preview.example.com: allowed, no preflight / ✓ allowed no preflight",
		"POST /carts/price from https://app.example.com: allowed, after a preflight / ✓ allowed after a preflight",
		"POST /carts/price from https://app.example.com.evil.example: refused, by the preflight / ✗ refused by the preflight",
		"GET /products/{id} from https://evilapp.example.com: refused, sent, not readable / ✗ refused sent, not readable",
		"GET /products from http://app.example.com: refused, sent, not readable / ✗ refused sent, not readable",
		"POST /carts/price from null: refused, by the preflight / ✗ refused by the preflight",
	} {
		if !slices.Contains(cells, want) {
			t.Errorf("the matrix has no cell %q; it has\n%s", want, strings.Join(cells, "\n"))
		}
	}
	b.matrix(t, ctx, cells)
	narrow(t, ctx)
	do(chromedp.EmulateViewport(1280, 900))

	// A cell says why.
	do(chromedp.Click(chromedp.CSS(`[aria-label^="POST /carts/price from https://app.example.com.evil.example:"]`)), chromedp.WaitVisible(chromedp.CSS("#detail-body .verdict.refused")))
	if s := text("#detail-body"); !strings.Contains(s, preflightMissing) || !strings.Contains(s, "No 'Access-Control-Allow-Origin' header is present on the requested resource.") {
		t.Errorf("the cell's explanation is %q", s)
	}

	// The form sends: from the page, whose origin is listed, and from a frame, whose origin is none.
	type outcome struct {
		Head      string
		Verdict   string
		All       string
		Requests  []string
		Responses []string
	}
	send := func(method, path, headers, body string) (fromPage, fromFrame outcome) {
		t.Helper()
		values, _ := json.Marshal(map[string]string{"method": method, "path": path, "headers": headers, "body": body})
		do(chromedp.Evaluate[chromedp.Void](`for (const [id, v] of Object.entries(`+string(values)+`)) document.getElementById(id).value = v;`),
			chromedp.Click(chromedp.CSS("#go")))
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](`document.querySelectorAll("#outcomes .outcome").length === 2 && !document.getElementById("go").disabled`)); err != nil {
			t.Fatalf("the form does not send: %v", err)
		}
		all, err := chromedp.Run(ctx, chromedp.Evaluate[[]outcome](`[...document.querySelectorAll("#outcomes .outcome")].map((o) => {
			const texts = (s) => [...o.querySelectorAll(s)].map((e) => e.innerText);
			return { Head: o.querySelector("h3").innerText, Verdict: o.querySelector(".verdict").innerText, All: o.innerText, Requests: texts("pre.sent"), Responses: texts("pre.came") };
		})`))
		if err != nil || len(all) != 2 {
			t.Fatalf("%d outcomes, %v", len(all), err)
		}
		b.exchanges += 2
		return all[0], all[1]
	}
	starts := func(what string, got []string, want ...string) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("%s: %q, want %d", what, got, len(want))
			return
		}
		for i := range got {
			if !strings.HasPrefix(strings.TrimSpace(got[i]), want[i]) {
				t.Errorf("%s: %q, want it to begin with %q", what, got[i], want[i])
			}
		}
	}
	const cart = `{"lines": [{"id": "cup", "quantity": 2}]}`
	page, frame := send("POST", "/carts/price", asJSON, cart)
	if !strings.Contains(page.Head, "https://"+listedPage) || !strings.Contains(page.Verdict, "with the status 200") || !strings.Contains(page.All, `{"total":`) {
		t.Errorf("from the page: %s", page.All)
	}
	starts("from the page went", page.Requests, "OPTIONS /prod/carts/price HTTP/2.0\n", "POST /prod/carts/price HTTP/2.0\n")
	for _, r := range page.Requests {
		if !strings.Contains(r, "origin: https://"+listedPage) {
			t.Errorf("from the page went %q", r)
		}
	}
	starts("to the page came", page.Responses, "204\n", "200\n")
	if !strings.Contains(frame.Head, "null") || !strings.Contains(frame.Verdict, "TypeError") || !strings.Contains(frame.All, "from origin 'null' has been blocked by CORS policy") {
		t.Errorf("from the frame: %s", frame.All)
	}
	starts("from the frame went", frame.Requests, "OPTIONS /prod/carts/price HTTP/2.0\n")
	if !strings.Contains(strings.Join(frame.Requests, ""), "origin: null") {
		t.Errorf("from the frame went %q", frame.Requests)
	}
	starts("to the frame came", frame.Responses, "403\n")
	// What the page says that the console says, it says. The path in it is the API's as the page knows it.
	said := b.tab.said()
	if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(frame.All, s) && strings.Contains(s, "CORS policy") }) {
		t.Errorf("the console is told %q, the page shows %s", said, frame.All)
	}
	b.picture(t, ctx)

	page, frame = send("POST", "/carts/price", asJSON, cart)
	if !strings.Contains(page.All, "No preflight this time") {
		t.Errorf("a preflight that is remembered: %s", page.All)
	}
	starts("from the page went", page.Requests, "POST /prod/carts/price")
	starts("from the frame went", frame.Requests, "OPTIONS /prod/carts/price")

	page, frame = send("GET", "/products", "", "")
	starts("from the page went", page.Requests, "GET /prod/products")
	starts("from the frame went", frame.Requests, "GET /prod/products")
	if !strings.Contains(page.All, "x-request-id: ") || !strings.Contains(frame.Verdict, "TypeError") {
		t.Errorf("from the page: %s\nfrom the frame: %s", page.All, frame.All)
	}

	// At a name that is not listed the page works too, and is refused like anybody.
	open(otherPage)
	if s := text("#own-listed"); !strings.Contains(s, "(not on the list)") {
		t.Errorf("of its own origin the page says %q", s)
	}
	page, frame = send("GET", "/products", "", "")
	for _, o := range []outcome{page, frame} {
		if !strings.Contains(o.Verdict, "TypeError") || len(o.Requests) != 1 || !strings.Contains(o.All, "No 'Access-Control-Allow-Origin' header is present") {
			t.Errorf("from %s: %s", o.Head, o.All)
		}
	}
}

// narrow holds that on a telephone nothing is wider than its section, and that the headings of a cell far to the right can be
// read once it is tapped.
func narrow(t *testing.T, ctx context.Context) {
	t.Helper()
	const tap = `new Promise((done) => {
		const cell = document.querySelector('[aria-label^="GET /products/{id} from null:"]');
		cell.scrollIntoView({ inline: "end", block: "nearest" });
		cell.click();
		new MutationObserver(() => done(true)).observe(document.getElementById("detail-body"), { childList: true });
	})`
	const wrong = `(() => {
		const out = [], cell = document.querySelector('[aria-pressed="true"]').closest("td"), column = cell.cellIndex, table = document.getElementById("matrix");
		if (document.documentElement.scrollWidth > innerWidth) out.push("the page is wider than the screen");
		for (const section of document.querySelectorAll("section")) {
			const edge = section.getBoundingClientRect().right - parseFloat(getComputedStyle(section).paddingRight);
			for (const e of section.querySelectorAll("*"))
				if (!e.closest("table") && e.getBoundingClientRect().right > edge + 1) out.push(e.tagName + " " + e.textContent.slice(0, 40) + " is wider than its section");
		}
		const headings = { group: [...document.querySelectorAll("th.group > span")].pop(), origin: table.tHead.rows[1].cells[column].firstChild, route: cell.parentNode.cells[0].firstChild };
		for (const [what, e] of Object.entries(headings)) {
			e.scrollIntoView({ block: "nearest" }); // down the page, as a finger does
			const r = document.createRange();
			r.selectNodeContents(e);
			const box = r.getBoundingClientRect();
			for (const x of [box.left + 1, box.right - 1]) {
				const seen = document.elementFromPoint(x, box.top + box.height / 2);
				if (!seen || seen.closest("th") !== e.closest("th")) out.push("the heading of the " + what + " is hidden: " + e.textContent);
			}
		}
		return out;
	})()`
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](tap, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](wrong))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > 0 {
		t.Errorf("at a width of 390 pixels: %q", got)
	}
}

// readmePicture is the picture of the matrix in the README. It holds the cells that it shows, as a text of the PNG.
const readmePicture = module + "/docs/matrix.png"

var update = flag.Bool("update", false, "take the picture in the README anew")

// matrix holds the picture in the README against the matrix, or takes it anew.
func (b *bench) matrix(t *testing.T, ctx context.Context, cells []string) {
	t.Helper()
	shows := strings.Join(cells, "\n")
	if !*update {
		picture, err := os.ReadFile(readmePicture)
		if err != nil {
			t.Fatal(err)
		}
		if got := comment(picture); got != shows {
			t.Errorf("docs/matrix.png is of another matrix: run go test ./test/browser -run Browser/page -args -update. It shows\n%s\nthe matrix is\n%s", got, shows)
		}
		return
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatal(err)
	}
	shot, err := chromedp.Run(ctx, chromedp.Screenshot(chromedp.CSS(".scroll")))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(readmePicture, withComment(shot, shows), 0o666); err != nil {
		t.Fatal(err)
	}
}

// The parts of a PNG: a head of 8 bytes, then chunks of a length, a type, data and a checksum. An iTXt chunk is a text.
const pngHead, pngChunk = 8, 12

// withComment returns a PNG with a text before its end.
func withComment(picture []byte, text string) []byte {
	data := "iTXtComment\x00\x00\x00\x00\x00" + text
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data)-4))
	chunk = append(chunk, data...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE([]byte(data)))
	end := len(picture) - pngChunk // IEND has no data
	return slices.Concat(picture[:end], chunk, picture[end:])
}

// comment returns the text of a PNG, or "".
func comment(picture []byte) string {
	for rest := picture[min(pngHead, len(picture)):]; len(rest) >= pngChunk; {
		n := int(binary.BigEndian.Uint32(rest))
		if n > len(rest)-pngChunk {
			return ""
		}
		if text, ok := strings.CutPrefix(string(rest[4:8+n]), "iTXtComment\x00\x00\x00\x00\x00"); ok {
			return text
		}
		rest = rest[pngChunk+n:]
	}
	return ""
}

// picture keeps a screenshot.
func (b *bench) picture(t *testing.T, ctx context.Context) {
	t.Helper()
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.DecodeConfig(bytes.NewReader(shot))
	if err != nil || picture.Width < 1000 || picture.Height < 1000 {
		t.Fatalf("the screenshot is %d by %d, %v", picture.Width, picture.Height, err)
	}
	if err := os.MkdirAll(filepath.Dir(screenshot), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(screenshot, shot, 0o666); err != nil {
		t.Fatal(err)
	}
}
