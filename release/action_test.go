package release

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/testkit/need"
)

// gitHub stands for GitHub's API: the comments of pull request 7. Who asks is a bot.
type gitHub struct {
	comments []gitHubComment
	requests []string // those that write
	forbid   bool
}

type gitHubComment struct {
	ID   int               `json:"id"`
	Body string            `json:"body"`
	User map[string]string `json:"user"`
}

func (g *gitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const of = "/repos/shop/api/issues/"
	if r.Header.Get("Authorization") != "Bearer secret-token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var sent struct{ Body string }
	if b, _ := io.ReadAll(r.Body); len(b) > 0 {
		_ = json.Unmarshal(b, &sent)
	}
	if r.Method != "GET" {
		g.requests = append(g.requests, r.Method)
	}
	id, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, of+"comments/"))
	at := -1
	for i, c := range g.comments {
		if c.ID == id {
			at = i
		}
	}
	switch {
	case r.URL.Path == "/user" || g.forbid && r.Method != "GET":
		w.WriteHeader(http.StatusForbidden)
	case r.Method == "GET" && r.URL.Path == of+"7/comments":
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		from := min((page-1)*100, len(g.comments))
		_ = json.NewEncoder(w).Encode(append([]gitHubComment{}, g.comments[from:min(from+100, len(g.comments))]...))
	case r.Method == "POST" && r.URL.Path == of+"7/comments":
		g.comments = append(g.comments, gitHubComment{len(g.comments) + 1, sent.Body, map[string]string{"login": "github-actions[bot]", "type": "Bot"}})
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, "{}")
	case r.Method == "PATCH" && at >= 0:
		g.comments[at].Body = sent.Body
		fmt.Fprint(w, "{}")
	case r.Method == "DELETE" && at >= 0:
		g.comments = append(g.comments[:at], g.comments[at+1:]...)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// A job is a run of the action in a repository with an app whose template is written by a command, as that of the CDK.
type job struct {
	t    *testing.T
	dir  string
	api  *httptest.Server
	base string // its commit
}

func newJob(t *testing.T, g http.Handler) *job {
	need.Programs(t, "node", "git", "bash")
	packages(t) // builds the program
	j := &job{t: t, dir: t.TempDir(), api: httptest.NewServer(g)}
	t.Cleanup(j.api.Close)
	j.git("init", "-q", "-b", "main")
	j.write(".gitignore", "cdk.out\n")
	template, err := os.ReadFile("../test/templates/corsgate-three-origins.template.json")
	if err != nil {
		t.Fatal(err)
	}
	j.write("app/app.json", string(template))
	j.base = j.commit()
	return j
}

func (j *job) git(args ...string) string {
	j.t.Helper()
	return strings.TrimSpace(run(j.t, j.dir, []string{"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null"}, append([]string{"git", "-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...))
}

func (j *job) write(name, text string) {
	j.t.Helper()
	path := filepath.Join(j.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		j.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		j.t.Fatal(err)
	}
}

func (j *job) commit() string {
	j.t.Helper()
	j.git("add", "-A")
	j.git("commit", "-q", "--allow-empty", "-m", "x")
	return j.git("rev-parse", "HEAD")
}

// edit changes the app.
func (j *job) edit(from, to string) {
	j.t.Helper()
	path := filepath.Join(j.dir, "app", "app.json")
	b, err := os.ReadFile(path)
	if err != nil {
		j.t.Fatal(err)
	}
	text := strings.ReplaceAll(string(b), from, to)
	if text == string(b) {
		j.t.Fatalf("the template has no %s", from)
	}
	j.write("app/app.json", text)
	j.commit()
}

// A done is what came of a job.
type done struct {
	failed                   bool
	printed, summary, output string
}

// run runs the action, for a pull request of the repository, or of a fork.
func (j *job) run(event string, with ...string) done {
	j.t.Helper()
	dir := j.t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			j.t.Fatal(err)
		}
		return path
	}
	env := append([]string{
		"GITHUB_EVENT_PATH=" + file("event.json", event), "GITHUB_OUTPUT=" + file("output", ""), "GITHUB_STEP_SUMMARY=" + file("summary", ""),
		"GITHUB_API_URL=" + j.api.URL, "GITHUB_REPOSITORY=shop/api", "RUNNER_TEMP=" + dir, "CORSGATE_PROGRAM=" + filepath.Join(filepath.Dir(packages(j.t)), "corsgate"),
		"CORSGATE_TOKEN=secret-token", "CORSGATE_DIRECTORY=app", "CORSGATE_TEMPLATES=cdk.out", "CORSGATE_COMMENT=true", "CORSGATE_DIFF_FAIL_ON=never",
		`CORSGATE_SYNTH=[ -z "$CORSGATE_TOKEN" ]; mkdir -p cdk.out; cp app.json cdk.out/Shop.template.json`}, with...)
	script, err := filepath.Abs("action/action.mjs")
	if err != nil {
		j.t.Fatal(err)
	}
	out, err := start(j.dir, env, "node", script)
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			j.t.Fatal(err)
		}
		return string(b)
	}
	if left := j.git("worktree", "list"); strings.Contains(left, "\n") {
		j.t.Errorf("a working copy is left: %s", left)
	}
	d := done{err != nil, out, read("summary"), read("output")}
	if strings.Contains(d.printed+d.summary+d.output, "secret-token") {
		j.t.Errorf("the token is told: %+v", d)
	}
	return d
}

func (j *job) pull(fork bool) string {
	from := "shop/api"
	if fork {
		from = "stranger/api"
	}
	return fmt.Sprintf(`{"repository": {"full_name": "shop/api"}, "pull_request": {"number": 7, "base": {"sha": %q}, "head": {"repo": {"full_name": %q}}}}`, j.base, from)
}

// allowed is an origin of the app's allowlist.
const allowed, more = "https://app.example.com", "https://new.example.com,https://app.example.com"

// TestActionComments holds that the diff is one comment, found again among others, updated, and removed when there is nothing to say.
func TestActionComments(t *testing.T) {
	g := &gitHub{}
	for i := range 130 {
		g.comments = append(g.comments, gitHubComment{i + 1, "hello", map[string]string{"login": "somebody", "type": "User"}})
	}
	g.comments[3].Body = "<!-- corsgate diff app -->\nby somebody else"
	j := newJob(t, g)
	if d := j.run(j.pull(false)); d.failed || len(g.requests) > 0 || !strings.Contains(d.output, "changed=false\n") || d.summary != "" {
		t.Fatalf("nothing changes: %+v, %q", d, g.requests)
	}
	j.edit(allowed, more)
	d := j.run(j.pull(false))
	if len(g.comments) != 131 || !strings.Contains(g.comments[130].Body, "`https://new.example.com`") || !strings.Contains(g.comments[130].Body, "Looser") || d.failed || !strings.Contains(d.output, "changed=true\n") {
		t.Fatalf("%+v, %q", d, g.comments[len(g.comments)-1].Body)
	}
	j.edit("https://new.example.com", "https://other.example.com")
	j.run(j.pull(false))
	if len(g.comments) != 131 || !strings.Contains(g.comments[130].Body, "`https://other.example.com`") || strings.Contains(g.comments[130].Body, "new.example.com") {
		t.Errorf("%d comments, %q", len(g.comments), g.comments[130].Body)
	}
	j.run(j.pull(false))
	if want := "POST PATCH"; strings.Join(g.requests, " ") != want {
		t.Errorf("%q, want %s, and nothing where nothing is new", g.requests, want)
	}
	if d := j.run(j.pull(false), "CORSGATE_DIFF_FAIL_ON=looser"); !d.failed || !strings.Contains(d.printed, "::error title=corsgate::something is allowed that was not") {
		t.Errorf("%+v", d)
	}
	j.edit("https://other.example.com,"+allowed, allowed)
	j.run(j.pull(false))
	if len(g.comments) != 130 || g.comments[3].Body != "<!-- corsgate diff app -->\nby somebody else" {
		t.Errorf("%d comments, %q", len(g.comments), g.requests)
	}
}

// TestActionNotCompared holds that what could not be compared is no silent success.
func TestActionNotCompared(t *testing.T) {
	j := newJob(t, &gitHub{})
	const elsewhere = `{"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"BodyS3Location": {"Bucket": "b", "Key": "k"}}},
		"D": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "prod"}}}}`
	j.write("app/app.json", elsewhere)
	j.base = j.commit()
	for _, on := range []string{"change", "looser"} {
		d := j.run(j.pull(false), "CORSGATE_DIFF_FAIL_ON="+on)
		if want := "::warning title=corsgate::diff-fail-on: " + on + " passes, but not all could be compared; the diff says what\n"; strings.Count(d.printed, want) != 1 {
			t.Errorf("%s: %+v", on, d)
		}
		if !strings.Contains(strings.ToLower(d.summary), "not compared") || strings.Contains(d.output, "changed") {
			t.Errorf("%s: %+v", on, d)
		}
	}
	if d := j.run(j.pull(false)); strings.Contains(d.printed, "diff-fail-on") {
		t.Errorf("never: %+v", d)
	}
}

// TestActionStale holds that a comment on an earlier push does not stay as it is when the newest push cannot be compared, and that
// no other is made then.
func TestActionStale(t *testing.T) {
	g := &gitHub{}
	j := newJob(t, g)
	const unreadable = "CORSGATE_SYNTH=mkdir -p cdk.out; if [ -e ../.git/HEAD ]; then cp app.json cdk.out/Shop.template.json; else exit 1; fi"
	if d := j.run(j.pull(false), unreadable); len(g.comments) > 0 || !strings.Contains(d.printed, "::warning title=corsgate::nothing is compared: its templates cannot be written") {
		t.Fatalf("%+v, %+v", d, g.comments)
	}
	j.edit(allowed, more)
	j.run(j.pull(false))
	if len(g.comments) != 1 || !strings.Contains(g.comments[0].Body, "Looser") {
		t.Fatalf("%+v", g.comments)
	}
	for name, with := range map[string]struct{ event, synth, want string }{
		"its templates":  {j.pull(false), unreadable, "its templates cannot be written"},
		"no such commit": {strings.ReplaceAll(j.pull(false), j.base, strings.Repeat("0", 40)), "", "cannot be fetched"},
	} {
		args := []string{}
		if with.synth != "" {
			args = append(args, with.synth)
		}
		j.run(with.event, args...)
		if len(g.comments) != 1 || strings.Contains(g.comments[0].Body, "Looser") || !strings.Contains(g.comments[0].Body, "The newest push is not compared with the base: ") || !strings.Contains(g.comments[0].Body, with.want) {
			t.Errorf("%s: %+v", name, g.comments)
		}
	}
}

// TestActionLong holds where a diff is that is too long for a comment, or for a job's summary.
func TestActionLong(t *testing.T) {
	for length, want := range map[int]string{70_000: "it is in the job's summary", 1_100_000: "it is in the log of this step"} {
		g := &gitHub{}
		j := newJob(t, g)
		program := filepath.Join(t.TempDir(), "corsgate")
		script := fmt.Sprintf("#!/bin/bash\ncase \"$*\" in *markdown*) head -c %d /dev/zero | tr '\\0' x; exit 1;; *text*) echo the whole diff; exit 1;; esac\n", length)
		if err := os.WriteFile(program, []byte(script), 0o777); err != nil {
			t.Fatal(err)
		}
		d := j.run(j.pull(false), "CORSGATE_PROGRAM="+program)
		if len(g.comments) != 1 || !strings.Contains(g.comments[0].Body, want) || len(g.comments[0].Body) > 65536 || len(d.summary) > 1<<20 {
			t.Fatalf("%d: %+v, a summary of %d bytes", length, g.comments, len(d.summary))
		}
		if inLog := strings.Contains(d.printed, "the whole diff"); inLog != (length > 1<<20) || inLog == (len(d.summary) > length) {
			t.Errorf("%d: in the log %v, a summary of %d bytes", length, inLog, len(d.summary))
		}
	}
}

// TestActionSeveral holds that each app of a repository has a comment of its own.
func TestActionSeveral(t *testing.T) {
	g := &gitHub{}
	j := newJob(t, g)
	j.edit(allowed, more)
	j.run(j.pull(false))
	j.run(j.pull(false), "CORSGATE_TEMPLATES=app.json", "CORSGATE_SYNTH=")
	var marks []string
	for _, c := range g.comments {
		mark, _, _ := strings.Cut(c.Body, "\n")
		marks = append(marks, mark)
	}
	if want := "<!-- corsgate diff app -->, <!-- corsgate diff app app.json -->"; strings.Join(marks, ", ") != want || strings.Join(g.requests, " ") != "POST POST" {
		t.Errorf("%q by %q, want %s", marks, g.requests, want)
	}
}

// TestActionElsewhere holds that there is a summary where nobody may comment, and a line that says what to do where the token should.
func TestActionElsewhere(t *testing.T) {
	g := &gitHub{}
	j := newJob(t, g)
	j.edit(allowed, more)
	if d := j.run(j.pull(true)); d.failed || len(g.requests) > 0 || !strings.Contains(d.summary, "new.example.com") || !strings.Contains(d.printed, "a pull request of a fork") {
		t.Errorf("a fork: %+v, %q", d, g.requests)
	}
	if d := j.run(j.pull(false), "CORSGATE_COMMENT=false"); d.failed || len(g.requests) > 0 || !strings.Contains(d.summary, "new.example.com") {
		t.Errorf("no comment: %+v, %q", d, g.requests)
	}
	g.forbid = true
	d := j.run(j.pull(false))
	if want := "::warning title=corsgate::the token may not comment: give the job \"permissions: {contents: read, pull-requests: write}\", or set comment: false; the diff is in the job's summary\n"; d.failed || strings.Count(d.printed, want) != 1 || !strings.Contains(d.summary, "new.example.com") {
		t.Errorf("no permission: %+v", d)
	}
	j.api.Close()
	if d := j.run(j.pull(false)); d.failed || !strings.Contains(d.printed, "::warning title=corsgate::there is no comment: fetch failed; the diff is in the job's summary\n") {
		t.Errorf("no API: %+v", d)
	}
}

// TestActionChecks holds that findings are annotations and SARIF, and fail the job, for a push as well.
func TestActionChecks(t *testing.T) {
	j := newJob(t, &gitHub{})
	j.edit(`"AuthorizationType": "NONE"`, `"ApiKeyRequired": true, "AuthorizationType": "NONE"`)
	push := `{"repository": {"full_name": "shop/api"}}`
	d := j.run(push)
	if !d.failed || !strings.Contains(d.printed, "\n::error file=cdk.out/Shop.template.json,line=") || strings.Contains(d.output, "changed") {
		t.Errorf("%+v", d)
	}
	_, name, ok := strings.Cut(d.output, "sarif=")
	b, err := os.ReadFile(strings.TrimSpace(name))
	var sarif struct{ Runs []struct{ Results []any } }
	if err := json.Unmarshal(b, &sarif); !ok || err != nil || len(sarif.Runs[0].Results) == 0 {
		t.Errorf("%q: %v, %s", d.output, err, b)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestActionEnded holds that a command that a signal ended, such as by the system for the memory it took, is no success.
func TestActionEnded(t *testing.T) {
	for _, command := range []string{"check", "diff"} {
		g := &gitHub{}
		j := newJob(t, g)
		j.edit(allowed, more)
		if j.run(j.pull(false)); len(g.comments) != 1 {
			t.Fatalf("%+v", g.comments)
		}
		program := filepath.Join(t.TempDir(), "corsgate")
		if err := os.WriteFile(program, []byte("#!/bin/bash\n[ $1 != "+command+" ] || kill -9 $$\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		want, says := "::error title=corsgate::"+command+" ended with status 137 before it was done; it may need more memory\n", true
		if command == "diff" {
			want = strings.Replace(strings.Replace(want, "error", "warning", 1), "::diff", "::nothing is compared: diff", 1)
			says = strings.Contains(g.comments[0].Body, "Looser")
		}
		d := j.run(j.pull(false), "CORSGATE_PROGRAM="+program)
		if d.failed != (command == "check") || strings.Count(d.printed, want) != 1 || !says || command == "diff" && (strings.Contains(d.output, "changed") || !strings.Contains(g.comments[0].Body, "The newest push is not compared")) {
			t.Errorf("%s: %+v, %+v; want %s", command, d, g.comments, want)
		}
		if d := j.run(j.pull(false), "CORSGATE_PROGRAM="+program, "CORSGATE_DIFF_FAIL_ON=looser"); !d.failed {
			t.Errorf("%s: %+v", command, d)
		}
	}
}

// TestActionInstalls holds which version the Action installs: the one of the tag by which it is used.
func TestActionInstalls(t *testing.T) {
	j := newJob(t, &gitHub{})
	dir := t.TempDir()
	log, program := filepath.Join(dir, "log"), filepath.Join(filepath.Dir(packages(t)), "corsgate")
	npm := fmt.Sprintf("#!/bin/bash\nshift $(($# - 2)); mkdir -p \"$1/node_modules/.bin\"; ln -s '%s' \"$1/node_modules/.bin/corsgate\"; echo \"$2\" >'%s'\n", program, log)
	if err := os.WriteFile(filepath.Join(dir, "npm"), []byte(npm), 0o777); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]string{
		"v1": "1", "v1.2": "1.2", "v1.2.3": "1.2.3", "1.2.3": "1.2.3", "v1.2.3-rc.1": "1.2.3-rc.1", "": "latest", "main": "latest", strings.Repeat("1", 40): "latest", "1 --registry=x": "latest",
	} {
		d := j.run(`{"repository": {"full_name": "shop/api"}}`, "CORSGATE_PROGRAM=", "CORSGATE_VERSION="+version, "PATH="+dir+":"+os.Getenv("PATH"))
		if b, err := os.ReadFile(log); err != nil || d.failed || string(b) != "corsgate@"+want+"\n" {
			t.Errorf("%q: %s, %v, %+v; want %s", version, b, err, d, want)
		}
	}
}

// TestActionRefuses holds that what cannot be done is a line that says what to do.
func TestActionRefuses(t *testing.T) {
	j := newJob(t, &gitHub{})
	push := `{"repository": {"full_name": "shop/api"}}`
	for _, tt := range []struct{ with, want string }{
		{"CORSGATE_DIFF_FAIL_ON=always", `::error title=corsgate::diff-fail-on is "always"; want change, looser, never`},
		{"CORSGATE_FAIL_ON=never", `::error title=corsgate::fail-on is "never"; want error, warning, info`},
		{"CORSGATE_DIRECTORY=nowhere", "::error title=corsgate::working-directory: there is no nowhere; is actions/checkout before this step?"},
		{"CORSGATE_SYNTH=exit 1", "::error title=corsgate::synth failed: exit 1"},
		{"CORSGATE_TEMPLATES=out", "::error title=corsgate::templates: there is no out in app; name what synth writes"},
		{"CORSGATE_PROGRAM=/nowhere/corsgate", "::error title=corsgate::/nowhere/corsgate cannot be run (ENOENT)"},
	} {
		if d := j.run(push, tt.with); !d.failed || d.printed != tt.want+"\n" && !strings.HasSuffix(d.printed, "\n"+tt.want+"\n") {
			t.Errorf("%s: %+v, want %s", tt.with, d, tt.want)
		}
	}
	// The head is checked where the base is of no use.
	j.git("rm", "-q", "-r", "app")
	j.base = j.commit()
	j.git("revert", "--no-edit", "HEAD")
	if d := j.run(j.pull(false)); d.failed || !strings.Contains(d.printed, "::warning title=corsgate::nothing is compared: the base has no app\n") {
		t.Errorf("%+v", d)
	}
	j.base = strings.Repeat("0", 40)
	if d := j.run(j.pull(false)); d.failed || !strings.Contains(d.printed, "::warning title=corsgate::nothing is compared: the base "+j.base+" is not in the repository and cannot be fetched\n") {
		t.Errorf("%+v", d)
	}
}
