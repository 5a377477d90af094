package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The layer is small, and has nothing of this machine in it.
func TestBuild(t *testing.T) {
	dir := t.TempDir()
	if err := build("x86_64", dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "corsgate", "wrap")
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	e, err := elf.NewFile(bytes.NewReader(program))
	if err != nil || e.Machine != elf.EM_X86_64 {
		t.Fatalf("%v, %v", e, err)
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it is not static")
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(program, []byte(wd)) || bytes.Contains(program, []byte("vcs.revision")) {
		t.Error("it tells where it was built, or from which commit")
	}

	out := filepath.Join(dir, "layer.zip")
	if err := build("x86_64", out); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) != 1 || z.File[0].Name != "corsgate/wrap" || z.File[0].Mode() != 0o755 {
		t.Fatalf("it has %+v", z.File)
	}
	r, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(r); !bytes.Equal(unpacked, program) || err != nil {
		t.Errorf("the zip file has another program, %v", err)
	}
	info, err := os.Stat(out)
	if err != nil || info.Size() > 3_000_000 {
		t.Errorf("the layer has %d bytes, %v", info.Size(), err)
	}
	t.Logf("%d bytes, %d zipped", len(program), info.Size())
}

func TestBuildRefuses(t *testing.T) {
	err := build("arm", "")
	if err == nil || !strings.Contains(err.Error(), `-arch is "arm"`) || !strings.Contains(err.Error(), "-o is not given") {
		t.Errorf("got %v", err)
	}
	// Outside of a module that requires corsgate there is nothing to build.
	t.Chdir(t.TempDir())
	if err := build("arm64", "layer"); err == nil || !strings.Contains(err.Error(), "run this in a module that requires github.com/corsgate/corsgate") {
		t.Errorf("got %v", err)
	}
}
