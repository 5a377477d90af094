// Build writes the layer of corsgate's wrapper, for whoever does not have corsfunction.Attach
// do it: a folder with corsgate/wrap in it, as AWS SAM's and Serverless's layers take one, or
// a zip file, where the name ends in .zip.
//
//	go run github.com/corsgate/corsgate/apps/corswrap/build -arch arm64 -o layer
//
// It is run in a Go module that requires github.com/corsgate/corsgate. The same version of
// corsgate and of Go makes the same bytes.
package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/corsgate/corsgate/internal/gohandler"
	"github.com/corsgate/corsgate/internal/wrapper"
)

func main() {
	arch := flag.String("arch", "arm64", "the function's architecture: arm64 or x86_64")
	out := flag.String("o", "", "the `folder`, or the file that ends in .zip, to write")
	flag.Parse()
	if err := build(*arch, *out); err != nil {
		fmt.Fprintln(os.Stderr, "corswrap/build:", err)
		os.Exit(1)
	}
}

func build(arch, out string) error {
	goarch, ok := gohandler.Architecture(arch)
	var faults []error
	if !ok {
		faults = append(faults, fmt.Errorf("-arch is %q: it can be arm64 or x86_64", arch))
	}
	if out == "" {
		faults = append(faults, errors.New("-o is not given: name the folder, or the .zip file, to write"))
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	program, err := gohandler.BuildWrapper(goarch)
	if err != nil {
		return err
	}
	if strings.HasSuffix(out, ".zip") {
		b, err := zipped(program.Code)
		if err != nil {
			return err
		}
		return os.WriteFile(out, b, 0o644)
	}
	file := filepath.Join(out, filepath.FromSlash(wrapper.InLayer))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file, program.Code, 0o755); err != nil {
		return err
	}
	return os.Chmod(file, 0o755) // Lambda runs it as another user, whatever the umask here
}

// zipped is a zip file of the program, without the time at which it was made.
func zipped(code []byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: wrapper.InLayer, Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write(code)
	}
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
}
