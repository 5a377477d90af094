package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// patience is how long a protocol event may take that is sure to come. It is not a measure of speed: a machine that builds
// something else at the same time is slow.
const patience = 60 * time.Second

// findChromium returns the browser's program. Where there is none the test is skipped, except in CI, which installs it.
func findChromium(t *testing.T) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	message := "no Chromium here: looked for " + strings.Join(names, ", ")
	need.Skip(t, message)
	return ""
}

// A tab is a page's tab and what the DevTools protocol says of it.
type tab struct {
	ctx    context.Context
	origin string // of the page that is open

	mu      sync.Mutex
	loads   map[network.RequestID]string // the URL that a script asked for
	ended   map[string]ended             // by that URL
	more    chan struct{}                // has room for one: there is something new
	console []string                     // errors and warnings
}

// ended is how a load came to its end, as the protocol has it.
type ended struct {
	cors     network.CorsError
	param    string
	netError string
}

// startChromium starts a browser for which every name leads to this machine, as the rules say, and any certificate will do.
func startChromium(t *testing.T, rules []string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(findChromium(t)), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.NoSandbox, // root has none, and only this test's pages are visited
		chromedp.IgnoreCertErrors,
		chromedp.UserDataDir(profile(t)),
		chromedp.Flag("host-resolver-rules", strings.Join(rules, ", ")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-extensions", true), chromedp.Flag("disable-default-apps", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		// Pages of http shall stay such, and a sandboxed frame in the process whose events the tab's session has.
		chromedp.Flag("disable-features", "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,IsolateSandboxedIframes,Translate,OptimizationHints,MediaRouter"),
	)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		// As a user closes it: it ends its own children.
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
	})
	b := &tab{ctx: ctx, loads: map[network.RequestID]string{}, ended: map[string]ended{}, more: make(chan struct{}, 1)}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// profile makes a new user's folder. Debian's Chromium keeps cookies from other sites' requests unless its user lets them;
// upstream's does not.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "corsgate-browser-")
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir, which fails the test where a child of the browser outlives it by a moment and still writes.
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Mkdir(filepath.Join(dir, "Default"), 0o777); err != nil {
		t.Fatal(err)
	}
	const preferences = `{"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": false}}`
	if err := os.WriteFile(filepath.Join(dir, "Default", "Preferences"), []byte(preferences), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// listen takes the tab's events.
func (b *tab) listen(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		// A redirect has the id of the request before it, and the script asked for the first.
		if _, again := b.loads[e.RequestID]; !again && e.Initiator.Type != network.InitiatorTypePreflight {
			b.loads[e.RequestID] = e.Request.URL
		}
	case *network.EventLoadingFinished:
		b.end(e.RequestID, ended{})
	case *network.EventLoadingFailed:
		how := ended{netError: e.ErrorText}
		if e.CorsErrorStatus != nil {
			how.cors, how.param = e.CorsErrorStatus.CorsError, e.CorsErrorStatus.FailedParameter
		}
		b.end(e.RequestID, how)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.console = append(b.console, e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.console = append(b.console, fmt.Sprint(e.Args))
		}
	case *runtime.EventExceptionThrown:
		b.console = append(b.console, e.ExceptionDetails.Text)
	}
}

func (b *tab) end(id network.RequestID, how ended) {
	url, ok := b.loads[id]
	if !ok {
		return // a preflight, or a load from before
	}
	b.ended[url] = how
	select {
	case b.more <- struct{}{}:
	default:
	}
}

// wait waits for the end of the load of a URL, and forgets it.
func (b *tab) wait(url string) (ended, error) {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		b.mu.Lock()
		how, ok := b.ended[url]
		delete(b.ended, url)
		b.mu.Unlock()
		if ok {
			return how, nil
		}
		select {
		case <-b.more:
		case <-limit.C:
			return ended{}, fmt.Errorf("the load of %s has no end", url)
		}
	}
}

// said returns what the console was told since it was last asked, of errors and warnings.
func (b *tab) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.console
	b.console = nil
	return out
}

// open goes to the page of an origin, unless it is there.
func (b *tab) open(origin string) error {
	if b.origin == origin {
		return nil
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	b.origin = ""
	if err := chromedp.Do(ctx, chromedp.Navigate(origin+"/")); err != nil {
		return fmt.Errorf("opening %s: %w", origin, err)
	}
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.origin"))
	if err == nil && got != origin {
		err = fmt.Errorf("the page's origin is %s, want %s", got, origin)
	}
	if err == nil {
		b.origin = origin
	}
	return err
}

// saw is what a script sees of a response.
type saw struct {
	Type    string      `json:"type"`
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
	Size    int         `json:"size"`
	// Error is the exception's name where there is no response.
	Error string `json:"error"`
}

// Options are what fetch() is called with beside the URL.
type options struct {
	Method      string      `json:"method"`
	Headers     [][2]string `json:"headers"`
	Body        *string     `json:"body,omitempty"`
	Credentials string      `json:"credentials"`
}

// fetch has the page, or the sandboxed frame in it, call fetch(), and gives what its script saw and how the load ended.
func (b *tab) fetch(url string, init options, sandboxed bool) (saw, ended, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	in, err := json.Marshal(init)
	if err != nil {
		return saw{}, ended{}, err
	}
	at, err := json.Marshal(url)
	if err != nil {
		return saw{}, ended{}, err
	}
	who := map[bool]string{false: "ask", true: "askFrame"}[sandboxed]
	s, err := chromedp.Run(ctx, chromedp.Evaluate[saw](fmt.Sprintf("%s(%s, %s)", who, at, in), chromedp.EvalAwaitPromise))
	if err != nil {
		return saw{}, ended{}, err
	}
	how, err := b.wait(url)
	return s, how, err
}
