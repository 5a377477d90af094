package walls

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/rules"
)

// TestRuleIDs holds that code names a rule by its constant, so that an id of no rule does not compile; that a text names
// only rules that exist; and that each rule's constant is in the package of the command that finds it,
// or in report, where suppressions are looked at.
func TestRuleIDs(t *testing.T) {
	id := regexp.MustCompile(`CORS[0-9]{3}`)
	named := map[string]bool{} // package and constant
	read := func(path string) error {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel("../..", filepath.Dir(path))
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "rules" {
					named[filepath.ToSlash(dir)+" "+n.Sel.Name] = true
				}
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if n.Kind != token.STRING || err != nil {
					return true
				}
				for _, found := range id.FindAllString(text, -1) {
					if _, ok := rules.Lookup(found); !ok {
						t.Errorf("%s names the rule %s, which does not exist", path, found)
					} else if text == found {
						t.Errorf("%s has %q; want rules.%s", path, text, text)
					}
				}
			}
			return true
		})
		return nil
	}
	for _, top := range []string{"apps", "constructs", "internal"} {
		err := filepath.WalkDir(filepath.Join("../..", top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "internal/rules/ids.go") {
				return err
			}
			return read(path)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range rules.All() {
		if !named["internal/"+r.Command+" "+string(r.ID)] && !named["internal/report "+string(r.ID)] {
			t.Errorf("neither internal/%s nor internal/report names rules.%s", r.Command, r.ID)
		}
	}
}
