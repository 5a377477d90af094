package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/testkit/faults"
)

func mutate(t testing.TB, base string, m faults.Fault) *report.Report {
	t.Helper()
	d, err := cfn.Parse("t.yaml", []byte(base), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Change != "" {
		return checkTree(t, faults.Merge(d.Stacks[0].Raw, tree(t, m.Change)))
	}
	text := strings.ReplaceAll(base, m.Old, m.New)
	if text == base {
		t.Fatalf("%s: nothing to replace", m.Name)
	}
	if d, err = cfn.Parse("t.json", []byte(text), cfn.Options{}); err != nil {
		t.Fatalf("%s: %v", m.Name, err)
	}
	return Check(d, nil, nil)
}

// TestMutation holds that single faults are found by the right rule, and that no other rule calls them errors.
func TestMutation(t *testing.T) {
	catalog, err := os.ReadFile("../../test/templates/catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	found, missed, other := 0, 0, 0
	for _, set := range []struct {
		base      string
		mutations []faults.Fault
	}{{cleanText(t), slices.Concat(faults.OfClean, faults.OfText)}, {string(catalog), slices.Concat(faults.OfCatalog, faults.OfList)}} {
		for _, m := range set.mutations {
			rep := mutate(t, set.base, m)
			got := ids(rep)
			if got[m.Rule] == 0 || len(rep.Crashed) > 0 {
				missed++
				t.Errorf("%s: %s does not find it\n%s", m.Name, m.Rule, listing(rep))
				continue
			}
			found++
			for _, f := range rep.Findings {
				if f.Severity == rules.Error && f.Rule != m.Rule {
					other++
					t.Errorf("%s (%s): also %s\n%s", m.Name, m.Rule, f.Rule, listing(rep))
					break
				}
			}
		}
	}
	if found+missed < 150 {
		t.Errorf("%d single faults, want 150", found+missed)
	}
	t.Logf("%d single faults: %d found by their rule, %d missed, %d with another error", found+missed, found, missed, other)
}

// TestDamaged holds that no template, however damaged, crashes the check, or hangs it beyond the time that go test gives.
func TestDamaged(t *testing.T) {
	var bases [][]byte
	for _, f := range []string{"testdata/clean.yaml", "testdata/sam/auth-default.yaml", "testdata/frameworks/chalice-1.34.0.yaml", "testdata/frameworks/serverless-3.40.0.json",
		"../../test/templates/catalog.template.json", "../../test/templates/cdk-three-origins.template.json"} {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		bases = append(bases, b)
	}
	rng := rand.New(rand.NewPCG(4, 1))
	n, checked := 1000, 0
	if testing.Short() {
		n = 100
	}
	values := func() []any {
		return []any{nil, true, "", "x", json.Number("-1"), []any{}, map[string]any{}, []any{nil}, map[string]any{"Ref": "Nothing"}, map[string]any{"Fn::GetAtt": []any{}}, map[string]any{"Fn::Join": "x"}, map[string]any{"Fn::If": []any{"x", nil, nil}}}
	}
	for i := range n {
		base := bases[i%len(bases)]
		text := bytes.Clone(base)
		switch i / len(bases) % 4 {
		case 0:
			text = text[:rng.IntN(len(text))]
		case 1:
			const bytes = "{}[]\"',:&*!\x00 \n\xff#$0a"
			for range 1 + rng.IntN(5) {
				text[rng.IntN(len(text))] = bytes[rng.IntN(len(bytes))]
			}
		case 2:
			at := rng.IntN(len(text))
			end := min(len(text), at+rng.IntN(200))
			text = append(text[:at:at], text[end:]...)
		case 3:
			root := tree(t, string(base))
			for range 1 + rng.IntN(4) {
				damage(rng, root, values())
			}
			var err error
			if text, err = json.Marshal(root); err != nil {
				t.Fatal(err)
			}
		}
		d, err := cfn.Parse("t.yaml", text, cfn.Options{})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %v", err)
			}
			continue
		}
		checked++
		if rep := Check(d, nil, nil); len(rep.Crashed) > 0 {
			t.Errorf("%v\n%s", rep.Crashed, text)
		}
	}
	t.Logf("%d damaged templates, %d of them still templates", n, checked)
}

// damage puts another value in a random place.
func damage(rng *rand.Rand, v any, values []any) {
	switch x := v.(type) {
	case map[string]any:
		keys := sortedKeys(x)
		if len(keys) == 0 {
			return
		}
		k := keys[rng.IntN(len(keys))]
		switch {
		case rng.IntN(6) == 0:
			x[k] = values[rng.IntN(len(values))]
		case rng.IntN(12) == 0:
			delete(x, k)
		default:
			damage(rng, x[k], values)
		}
	case []any:
		if len(x) == 0 {
			return
		}
		i := rng.IntN(len(x))
		if rng.IntN(4) == 0 {
			x[i] = values[rng.IntN(len(values))]
			return
		}
		damage(rng, x[i], values)
	}
}

// large returns a template of so many routes, each with a preflight by corsgate's mapping template.
func large(b *testing.B, routes int) []byte {
	text, err := os.ReadFile("../../test/templates/catalog.template.json")
	if err != nil {
		b.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		b.Fatal(err)
	}
	all := root["Resources"].(map[string]any)
	for i := range routes {
		for old, id := range map[string]string{"CatalogcartsEDFCB82D": "R", "CatalogcartspricePOSTE437B5FA": "M", "CatalogcartspriceOPTIONS67641265": "O"} {
			one, err := json.Marshal(all[old])
			if err != nil {
				b.Fatal(err)
			}
			s := strings.ReplaceAll(string(one), `"carts"`, fmt.Sprintf(`"part%d"`, i))
			s = strings.ReplaceAll(s, "Catalogcartsprice4E7741AC", fmt.Sprintf("R%d", i))
			all[fmt.Sprintf("%s%d", id, i)] = json.RawMessage(s)
		}
	}
	if text, err = json.Marshal(root); err != nil {
		b.Fatal(err)
	}
	return text
}

// BenchmarkCheck has templates of 10 to 1,000 routes; about 330 make 1 MB.
func BenchmarkCheck(b *testing.B) {
	for _, routes := range []int{10, 100, 330, 1000} {
		text := large(b, routes)
		b.Run(fmt.Sprintf("%d routes", routes), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				d, err := cfn.Parse("t.json", text, cfn.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if rep := Check(d, nil, nil); len(rep.Crashed) > 0 || rep.Checked[0].Routes < routes {
					b.Fatal(listing(rep))
				}
			}
		})
	}
}
