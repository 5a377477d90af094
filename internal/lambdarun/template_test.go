package lambdarun

import (
	"archive/zip"
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/corsgate/corsgate/internal/cfn"
)

func TestFunctions(t *testing.T) {
	dir := t.TempDir()
	for _, asset := range []string{"asset.aaa", "asset.bbb", "asset.ccc"} {
		write(t, "", dir, asset, "bootstrap")
	}
	elsewhere := t.TempDir()
	write(t, `{"version": "54.0.0", "files": {
		"bbb": {"source": {"path": "asset.bbb", "packaging": "zip"}, "destinations": {"x": {"objectKey": "prefix/bbb.zip"}}},
		"ddd": {"source": {"path": "asset.ddd"}, "destinations": {"x": {"objectKey": "ddd.zip"}}},
		"eee": {"source": {"path": "`+filepath.ToSlash(elsewhere)+`"}, "destinations": {"x": {"objectKey": "eee.zip"}}}}}`, dir, "Shop.assets.json")
	write(t, `{"files": {"ccc": {"source": {"path": "asset.ccc"}, "destinations": {"x": {"objectKey": "ccc.zip"}}}}}`, dir, "Parent.assets.json")
	write(t, `not JSON`, dir, "Broken.assets.json")
	file := write(t, `{"Parameters": {"Key": {"Type": "String"}, "T": {"Type": "Number"}}, "Resources": {
		"Table": {"Type": "AWS::DynamoDB::Table"},
		"Paired": {"Type": "AWS::Lambda::Function",
			"Metadata": {"corsgate:emits": "built", "corsgate:entry": "apps/catalog/handler", "aws:asset:path": "asset.aaa", "aws:asset:property": "Code"},
			"Properties": {"Runtime": "provided.al2023", "Handler": "bootstrap", "Architectures": ["arm64"], "Timeout": 30, "MemorySize": "512", "FunctionName": "shop",
				"Layers": [{"Ref": "L"}], "Code": {"S3Bucket": {"Fn::Sub": "b"}, "S3Key": "zzz.zip"},
				"Environment": {"Variables": {"A": "a", "N": 1, "YES": true, "TABLE": {"Ref": "Table"}}}}},
		"ByKey": {"Type": "AWS::Lambda::Function", "Metadata": {"corsgate:emits": true}, "Properties": {"Code": {"S3Key": "prefix/bbb.zip"}}},
		"ByHash": {"Type": "AWS::Lambda::Function", "Metadata": {"aws:asset:path": "asset.gone"}, "Properties": {"Code": {"S3Key": {"Fn::Sub": "bbb.zip"}}}},
		"Nested": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": "ccc.zip"}}},
		"Gone": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": "ddd.zip"}}},
		"Unstaged": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": "eee.zip"}}},
		"Elsewhere": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": "my/own.zip"}}},
		"Unknown": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": {"Ref": "Key"}}}},
		"Image": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"ImageUri": "x"}}},
		"Inline": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": {"Ref": "Key"}, "Timeout": {"Ref": "T"}, "Code": {"ZipFile": "exports.h = 1"}}},
		"Composed": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"ZipFile": {"Fn::Join": ["", ["exports.h = ", {"Ref": "T"}]]}}}},
		"Nothing": {"Type": "AWS::Lambda::Function"}}}`, dir, "Shop.template.json")
	app, err := cfn.Open([]string{file}, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	functions := Functions(app)
	got := map[string]Function{}
	var ids []string
	for _, f := range functions {
		got[f.LogicalID] = f
		ids = append(ids, f.LogicalID)
	}
	if want := "ByHash ByKey Composed Elsewhere Gone Image Inline Nested Nothing Paired Unknown Unstaged"; strings.Join(ids, " ") != want {
		t.Errorf("got %s", ids)
	}
	want := Function{
		LogicalID: "Paired", Name: "shop", Runtime: "provided.al2023", Handler: "bootstrap", Architecture: "arm64",
		Timeout: 30 * time.Second, MemoryMB: 512, Layers: 1, Emits: "built", Entry: "apps/catalog/handler",
		Environment: map[string]string{"A": "a", "N": "1", "YES": "true", "TABLE": got["Paired"].Environment["TABLE"]},
		Unresolved:  map[string]string{"Environment.Variables.TABLE": "Table"},
		Code:        Code{Path: filepath.Join(dir, "asset.aaa")},
	}
	if table := want.Environment["TABLE"]; table == "" || app.Show(table) != "${Table}" {
		t.Errorf("TABLE is %q", table)
	}
	if !reflect.DeepEqual(got["Paired"], want) {
		t.Errorf("got %+v\nwant %+v", got["Paired"], want)
	}
	for id, want := range map[string]string{"ByKey": "asset.bbb", "ByHash": "asset.bbb", "Nested": "asset.ccc"} {
		if path := got[id].Code.Path; path != filepath.Join(dir, want) {
			t.Errorf("%s: %s, want %s", id, path, want)
		}
	}
	if path := got["Unstaged"].Code.Path; filepath.Clean(path) != elsewhere {
		t.Errorf("Unstaged: %s, want %s", path, elsewhere)
	}
	for id, want := range map[string]string{
		"Gone":      "asset.ddd, is not there",
		"Elsewhere": "under my/own.zip, and no asset beside the template has that name",
		"Unknown":   "no asset beside the template is known to be it",
		"Image":     "its code is a container image",
		"Composed":  "its inline code is known only at deployment: T",
		"Nothing":   "it has no Code",
	} {
		if c := got[id].Code; !strings.Contains(c.None, want) || c.Path != "" || c.Inline != "" {
			t.Errorf("%s: %+v, want %q", id, c, want)
		}
	}
	if f := got["Inline"]; f.Code.Inline != "exports.h = 1" || f.Timeout != 3*time.Second || f.MemoryMB != 128 || f.Architecture != "x86_64" || len(f.Unresolved) != 2 || f.Name != "Inline" {
		t.Errorf("got %+v", f)
	}
	if got["ByKey"].Emits != "true" {
		t.Errorf("got %+v", got["ByKey"])
	}
}

// What cannot be run says what is missing.
func TestRefusals(t *testing.T) {
	foreign := t.TempDir()
	// As much of an executable for an IBM mainframe as is looked at.
	elf := append([]byte("\x7fELF\x02\x02\x01"), make([]byte, 57)...)
	elf[17], elf[19], elf[23], elf[53] = 2, 22, 1, 64
	write(t, string(elf), foreign, "bootstrap")
	notELF := t.TempDir()
	write(t, "MZ is not for Linux", notELF, "bootstrap")
	notZip := write(t, "not a zip file", t.TempDir(), "x.zip")
	escaping := filepath.Join(t.TempDir(), "e.zip")
	zipped(t, escaping, map[string]string{"../../escaped": "x"})

	const g = "provided.al2023"
	tests := []struct {
		f      Function
		reason Reason
		parts  []string
	}{
		{Function{Runtime: "java21", Handler: "x"}, UnknownRuntime, []string{`its runtime is "java21"; only Go (provided.al2023, provided.al2, go1.x), nodejs* and python3* run here`}},
		{Function{}, UnknownRuntime, []string{`its runtime is ""; only Go `}},
		{Function{Runtime: "nodejs22.x", Handler: "index.handler", Code: Code{Inline: "x"}, Unresolved: map[string]string{"Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER": "Exec"}}, UnknownRuntime,
			[]string{"it is known only at deployment whether corsgate's wrapper runs before it: Exec"}},
		{Function{Runtime: "nodejs22.x", Handler: "index.handler", Code: Code{Inline: "x"}, Environment: map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/corsgate/wrap"},
			Unresolved: map[string]string{"Environment.Variables.CORSGATE_OFF": "Off"}}, UnknownRuntime, []string{"runs before it: Off"}},
		{Function{Runtime: "nodejs22.x", Handler: "index.handler", Code: Code{Inline: "x"}, Environment: map[string]string{"AWS_LAMBDA_EXEC_WRAPPER": "/opt/corsgate/wrap"},
			Unresolved: map[string]string{"Layers": "List"}}, UnknownRuntime, []string{"runs before it: List"}},
		{Function{Unresolved: map[string]string{"Runtime": "Version"}}, UnknownRuntime, []string{"its Runtime is known only at deployment: Version"}},
		{Function{Code: Code{None: "its code is a container image"}}, UnknownRuntime, []string{"its code is a container image, which is not run here"}},
		{Function{Runtime: g, Code: Code{None: "it has no Code"}}, NoCode, []string{"it has no Code"}},
		{Function{Runtime: g, Code: Code{Path: "/no/such"}}, NoCode, []string{"its code is not there", "/no/such"}},
		{Function{Runtime: g, Code: Code{Path: notZip}}, NoCode, []string{"is not a zip file that can be extracted"}},
		{Function{Runtime: g, Code: Code{Path: escaping}}, NoCode, []string{"is not a zip file that can be extracted"}},
		{Function{Runtime: g, Code: Code{Path: t.TempDir()}}, OtherMachine, []string{"its code has no executable bootstrap"}},
		{Function{Runtime: g, Code: Code{Path: foreign}}, OtherMachine, []string{"its executable is for linux/EM_S390, this machine is", "does not say which source it is built from; have corsfunction build it"}},
		{Function{Runtime: g, Code: Code{Path: notELF}}, OtherMachine, []string{"its executable is not one for Linux"}},
		{Function{Runtime: g, Emits: "placeholder", Code: Code{Path: foreign}}, OtherMachine, []string{"its handler was not built at synthesis"}},
		{Function{Runtime: g, Entry: "test/function/testdata/broken", Code: Code{Path: foreign}}, NotBuilt, []string{"its source cannot be built for this machine", "undefined: undefinedHere"}},
		{Function{Runtime: g, Entry: "no/such"}, NotBuilt, []string{"there is no such directory"}},
		{Function{Runtime: g, Entry: "../outside"}, NotBuilt, []string{"is not in the app's module"}},
	}
	var functions []Function
	for i, test := range tests {
		test.f.LogicalID = string(rune('A' + i))
		functions = append(functions, test.f)
	}
	p, _ := newPool(t, Options{}, functions...)
	for i, test := range tests {
		id := functions[i].LogicalID
		for range 2 { // it is remembered
			_, err := p.Invoke(t.Context(), id, []byte("{}"))
			refused(t, err, test.reason, append(test.parts, "function "+id+": ")...)
		}
	}
	_, err := p.Invoke(t.Context(), "Nobody", nil)
	refused(t, err, UnknownFunction, "function Nobody: there is no such function in the template")

	_, err = New(Options{Functions: []Function{{LogicalID: "A"}, {LogicalID: "A"}}})
	if err == nil || !strings.Contains(err.Error(), "two functions of the logical id A") {
		t.Errorf("got %v", err)
	}
	if _, err = New(Options{Functions: []Function{{}}}); err == nil {
		t.Error("a function without a logical id is taken")
	}

	t.Setenv("PATH", t.TempDir())
	p, _ = newPool(t, Options{}, Function{LogicalID: "N", Runtime: "nodejs22.x", Handler: "index.h", Code: Code{Inline: "x"}},
		Function{LogicalID: "P", Runtime: "python3.13", Handler: "index.h", Code: Code{Inline: "x"}})
	_, err = p.Invoke(t.Context(), "N", nil)
	refused(t, err, NoInterpreter, "its runtime, nodejs22.x, needs node, which is not found; install it")
	_, err = p.Invoke(t.Context(), "P", nil)
	refused(t, err, NoInterpreter, "its runtime, python3.13, needs python3")
}

// zipped writes a deployment package.
func zipped(t *testing.T, file string, files map[string]string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, b.String(), file)
}

// An executable of the asset that is for this machine is run as it is: here a
// script, packed, that says so by how it ends.
func TestAssetIsRun(t *testing.T) {
	if !onUnix {
		t.Skip("there are no scripts here")
	}
	file := filepath.Join(t.TempDir(), "code.zip")
	zipped(t, file, map[string]string{"bootstrap": "#!/bin/sh\n. ./lib/say\nexit 7\n", "lib/say": "echo \"in $LAMBDA_TASK_ROOT\""})
	p, log := newPool(t, Options{},
		Function{LogicalID: "Zip", Runtime: "provided.al2", Entry: "no/such", Code: Code{Path: file}},
		Function{LogicalID: "Broken", Runtime: "provided.al2", Code: Code{Inline: "#!/no/such/interpreter\n"}},
		Function{LogicalID: "Old", Runtime: "go1.x", Handler: "lib/main", Code: Code{Path: write(t, "#!/bin/sh\nexit 8\n", t.TempDir(), "lib", "main")}})
	p.functions["Old"].Code.Path = filepath.Dir(filepath.Dir(p.functions["Old"].Code.Path))
	fault(t, invoke(t, p, "Zip", "/"), "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 7")
	fault(t, invoke(t, p, "Old", "/"), "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 8")
	if !strings.Contains(log.String(), "Zip: in "+p.dir) {
		t.Errorf("the log:\n%s", log)
	}
	_, err := p.Invoke(t.Context(), "Broken", nil)
	refused(t, err, NotStarted, "it cannot be started")

	_, err = p.Invoke(t.Context(), "Zip", make([]byte, 6<<20+1))
	refused(t, err, EventTooLarge, "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)")
}

func TestLines(t *testing.T) {
	j := &journal{}
	l := &lines{log: &log{w: j}, name: "f"}
	for _, s := range []string{"a", "b\nc\r\n\nd", "", "e\n", strings.Repeat("x", maxLine+1), "\nrest"} {
		if n, err := l.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("wrote %d of %d: %v", n, len(s), err)
		}
	}
	l.flush(false)
	l.flush(false)
	want := "f: ab\nf: c\nf: \nf: de\nf: " + strings.Repeat("x", maxLine) + "\nf: x\nf: rest\n"
	if got := j.String(); got != want {
		t.Errorf("got %d bytes: %.80q, want %d", len(got), got, len(want))
	}
}
