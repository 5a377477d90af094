// Package release makes what is installed of the programs that a release builds: npm packages, wheels for Python and what goes
// into a container. The same programs give the same bytes.
package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A Target is a platform that there is a program for.
type Target struct {
	GOOS, GOARCH string
	// Node is the platform as Node.js has it, process.platform and process.arch.
	Node [2]string
	// Wheel is the platform as wheels have it (https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/).
	// The programs for Linux are static, so they run with any C library. Go's own minimum is macOS 12.
	Wheel string
}

// Targets are those of goreleaser.yaml.
var Targets = []Target{
	{"linux", "amd64", [2]string{"linux", "x64"}, "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64"},
	{"linux", "arm64", [2]string{"linux", "arm64"}, "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64"},
	{"darwin", "amd64", [2]string{"darwin", "x64"}, "macosx_12_0_x86_64"},
	{"darwin", "arm64", [2]string{"darwin", "arm64"}, "macosx_12_0_arm64"},
	{"windows", "amd64", [2]string{"win32", "x64"}, "win_amd64"},
	{"windows", "arm64", [2]string{"win32", "arm64"}, "win_arm64"},
}

// program is the name of the program's file.
func (t Target) program() string {
	if t.GOOS == "windows" {
		return "corsgate.exe"
	}
	return "corsgate"
}

const (
	home    = "https://github.com/corsgate/corsgate"
	summary = "What a browser would do with a REST API on Amazon API Gateway, and why"
)

var (
	//go:embed npm/corsgate.cjs
	launcher []byte
	//go:embed npm/README.md
	readme []byte
	//go:embed wheel/corsgate_elsewhere.py
	elsewhere []byte
)

// A file is one of a package.
type file struct {
	name string
	mode os.FileMode
	text []byte
}

// An artifact is a line of goreleaser's artifacts.json.
type artifact struct {
	Path, GOOS, GOARCH, Type string
}

// Pack writes the packages of a version, such as 1.2.3, into a folder: for each program that dist/artifacts.json names an npm
// package and a wheel, and the npm package that installs the right one and the wheel of all other platforms. What the
// Dockerfile takes goes into dist/container. It returns the files' names.
func Pack(dist, version, out string, license []byte) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dist, "artifacts.json"))
	if err != nil {
		return nil, err
	}
	var artifacts []artifact
	if err := json.Unmarshal(text, &artifacts); err != nil {
		return nil, fmt.Errorf("artifacts.json: %w", err)
	}
	if !regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-(alpha|beta|rc|dev)\.[0-9]+)?$`).MatchString(version) {
		return nil, fmt.Errorf("the version is %q; want one such as 1.2.3 or 1.2.3-rc.1", version)
	}
	var names []string
	write := func(name string, content []byte, err error) error {
		if err != nil {
			return err
		}
		name = filepath.Join(out, name)
		names = append(names, name)
		return os.WriteFile(name, content, 0o644)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	for _, a := range artifacts {
		if a.Type != "Binary" {
			continue
		}
		t, ok := target(a.GOOS, a.GOARCH)
		if !ok {
			return nil, fmt.Errorf("%s/%s is not a target; want it in release.go", a.GOOS, a.GOARCH)
		}
		program, err := os.ReadFile(a.Path)
		if err != nil {
			return nil, err
		}
		content, err := npmProgram(t, version, program, license)
		if err := write(fmt.Sprintf("corsgate-%s-%s-%s.tgz", t.Node[0], t.Node[1], version), content, err); err != nil {
			return nil, err
		}
		content, err = wheel(version, t.Wheel, []file{{"corsgate-" + pep440(version) + ".data/scripts/" + t.program(), 0o755, program}}, nil, license)
		if err := write("corsgate-"+pep440(version)+"-py3-none-"+t.Wheel+".whl", content, err); err != nil {
			return nil, err
		}
		if t.GOOS == "linux" {
			context := filepath.Join(dist, "container")
			dir := filepath.Join(context, t.GOOS+"_"+t.GOARCH)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return nil, err
			}
			if err := os.WriteFile(filepath.Join(dir, "corsgate"), program, 0o755); err != nil {
				return nil, err
			}
			if err := os.WriteFile(filepath.Join(context, "LICENSE"), license, 0o644); err != nil {
				return nil, err
			}
		}
	}
	content, err := npmMain(version, license)
	if err := write("corsgate-"+version+".tgz", content, err); err != nil {
		return nil, err
	}
	// pip takes it only where none of the others fits.
	files := []file{{"corsgate_elsewhere.py", 0o644, elsewhere}}
	content, err = wheel(version, "any", files, []byte("[console_scripts]\ncorsgate = corsgate_elsewhere:main\n"), license)
	if err := write("corsgate-"+pep440(version)+"-py3-none-any.whl", content, err); err != nil {
		return nil, err
	}
	return names, nil
}

func target(goos, goarch string) (Target, bool) {
	for _, t := range Targets {
		if t.GOOS == goos && t.GOARCH == goarch {
			return t, true
		}
	}
	return Target{}, false
}

// npmProgram is the package of one platform's program.
func npmProgram(t Target, version string, program, license []byte) ([]byte, error) {
	name := "@corsgate/" + t.Node[0] + "-" + t.Node[1]
	manifest, err := json.MarshalIndent(map[string]any{
		"name": name, "version": version, "description": "The program of corsgate for " + t.Node[0] + " " + t.Node[1] + "; install corsgate",
		"license": "Apache-2.0", "repository": map[string]string{"type": "git", "url": "git+" + home + ".git"}, "homepage": home,
		"os": []string{t.Node[0]}, "cpu": []string{t.Node[1]}, "preferUnplugged": true, "files": []string{"bin"},
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	return tarball([]file{{"package.json", 0o644, manifest}, {"LICENSE", 0o644, license}, {"bin/" + t.program(), 0o755, program}})
}

// npmMain is the package that people install.
func npmMain(version string, license []byte) ([]byte, error) {
	optional := map[string]string{}
	for _, t := range Targets {
		optional["@corsgate/"+t.Node[0]+"-"+t.Node[1]] = version
	}
	manifest, err := json.MarshalIndent(map[string]any{
		"name": "corsgate", "version": version, "description": summary, "keywords": []string{"cors", "api-gateway", "aws", "aws-cdk", "sam", "serverless"},
		"license": "Apache-2.0", "repository": map[string]string{"type": "git", "url": "git+" + home + ".git"}, "homepage": home,
		"bin": map[string]string{"corsgate": "corsgate.cjs"}, "files": []string{"corsgate.cjs"}, "engines": map[string]string{"node": ">=18"},
		"optionalDependencies": optional,
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	return tarball([]file{{"package.json", 0o644, manifest}, {"LICENSE", 0o644, license}, {"README.md", 0o644, readme}, {"corsgate.cjs", 0o755, launcher}})
}

// tarball is a package as npm has it.
func tarball(files []file) ([]byte, error) {
	var b bytes.Buffer
	gz, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	tw := tar.NewWriter(gz)
	for _, f := range files {
		// The time is npm's own for what it packs.
		h := &tar.Header{Name: "package/" + f.name, Mode: int64(f.mode), Size: int64(len(f.text)), ModTime: time.Date(1985, 10, 26, 8, 15, 0, 0, time.UTC), Format: tar.FormatUSTAR}
		if err := tw.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := tw.Write(f.text); err != nil {
			return nil, err
		}
	}
	if err := tw.Close(); err != nil {
		return nil, err
	}
	if err := gz.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// pep440 is a version as Python has it (https://packaging.python.org/en/latest/specifications/version-specifiers/).
func pep440(version string) string {
	return strings.NewReplacer("-alpha.", "a", "-beta.", "b", "-rc.", "rc", "-dev.", ".dev").Replace(version)
}

// wheel is a package as pip has it (https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
func wheel(version, platform string, files []file, entryPoints, license []byte) ([]byte, error) {
	info := "corsgate-" + pep440(version) + ".dist-info/"
	tags := ""
	for _, p := range strings.Split(platform, ".") {
		tags += "Tag: py3-none-" + p + "\n"
	}
	files = append(files,
		file{info + "METADATA", 0o644, fmt.Appendf(nil, "Metadata-Version: 2.4\nName: corsgate\nVersion: %s\nSummary: %s\nLicense-Expression: Apache-2.0\nLicense-File: LICENSE\nProject-URL: Homepage, %s\nRequires-Python: >=3.8\nDescription-Content-Type: text/markdown\n\n%s",
			pep440(version), summary, home, strings.ReplaceAll(string(readme), "npx corsgate", "corsgate"))},
		file{info + "WHEEL", 0o644, fmt.Appendf(nil, "Wheel-Version: 1.0\nGenerator: corsgate\nRoot-Is-Purelib: %v\n%s", platform == "any", tags)},
		file{info + "licenses/LICENSE", 0o644, license})
	if entryPoints != nil {
		files = append(files, file{info + "entry_points.txt", 0o644, entryPoints})
	}
	var b, record bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(f file) error {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		h.SetMode(f.mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = w.Write(f.text)
		return err
	}
	for _, f := range files {
		sum := sha256.Sum256(f.text)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", f.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.text))
		if err := add(f); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(&record, "%sRECORD,,\n", info)
	if err := add(file{info + "RECORD", 0o644, record.Bytes()}); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
