package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
)

// large is corsgate's API with an allowlist of many origins and routes of two kinds, each with its own OPTIONS.
func large(b testing.TB, origins, routes int, last string) []byte {
	b.Helper()
	text, err := os.ReadFile("../../test/templates/corsgate-three-origins.template.json")
	if err != nil {
		b.Fatal(err)
	}
	var t struct{ Resources map[string]map[string]any }
	if err := json.Unmarshal(text, &t); err != nil {
		b.Fatal(err)
	}
	properties := func(id string) map[string]any { return t.Resources[id]["Properties"].(map[string]any) }
	variables := properties("ApiDeploymentStageprod3EB9684E")["Variables"].(map[string]any)
	delete(variables, "corsOrigins")
	list := []string{last}
	for i := 1; i < origins; i++ {
		list = append(list, fmt.Sprintf("https://app%d.customer%d.example.com", i, i%7))
	}
	for i := 0; len(list) > 0; i++ { // a variable holds 512 characters
		n := min(10, len(list))
		variables[fmt.Sprintf("corsOrigins%d", i+2)] = strings.Join(list[:n], ",")
		list = list[n:]
	}
	for i := range routes {
		from := [][2]string{{"ApiitemsGET2CEFDB25", "ApiitemsOPTIONSFF4B97FF"}, {"ApiitemsidPUT97D4F737", "ApiitemsidOPTIONS72990650"}}[i%2]
		resource := maps.Clone(properties("Apiitems8F0ED6C4"))
		resource["PathPart"] = fmt.Sprintf("r%d", i)
		t.Resources[fmt.Sprintf("R%d", i)] = map[string]any{"Type": "AWS::ApiGateway::Resource", "Properties": resource}
		for _, id := range from {
			method := maps.Clone(properties(id))
			method["ResourceId"] = map[string]string{"Ref": fmt.Sprintf("R%d", i)}
			t.Resources[fmt.Sprintf("R%d%s", i, id)] = map[string]any{"Type": "AWS::ApiGateway::Method", "Properties": method}
		}
	}
	out, err := json.Marshal(t)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func BenchmarkBetween(b *testing.B) {
	for _, size := range [][2]int{{3, 50}, {3, 500}, {30, 50}, {100, 500}, {300, 500}} {
		b.Run(fmt.Sprintf("%d-origins-%d-routes", size[0], size[1]), func(b *testing.B) {
			before, after := large(b, size[0], size[1], "https://old.example.com"), large(b, size[0], size[1], "https://~.new.example.com")
			for b.Loop() {
				d, err := Between(b.Context(), site(b, before), site(b, after))
				if err != nil {
					b.Fatal(err)
				}
				var out strings.Builder
				if err := d.Markdown(&out, false); err != nil || !d.Looser() {
					b.Fatal(err, out.String())
				}
			}
		})
	}
}
