package diff

import (
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
)

// The first API of an app, and the last one gone, are compared with none; an API that is asked for has to be there.
func TestFirstAndLastAPI(t *testing.T) {
	open := func(text []byte) *cfn.App {
		app, err := cfn.Parse("app.json", text, cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return app
	}
	none := open([]byte(`{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}`))
	one := open(written(t, "R", map[string]map[string]string{"GET /a": {"Origin": app}}))
	for _, tt := range []struct {
		old, now *cfn.App
		status   string
		says     []string
	}{{none, one, Added, []string{"It is new.", app, "GET /a"}}, {one, none, Removed, []string{"It is gone.", app, "GET /a"}}} {
		results, err := Apps(t.Context(), tt.old, tt.now, Options{})
		if err != nil || len(results) != 1 || results[0].Status != tt.status {
			t.Fatalf("want one that is %s, got %v %v", tt.status, results, err)
		}
		var out strings.Builder
		if err := Text(&out, results, Found{}); err != nil {
			t.Fatal(err)
		}
		for _, s := range tt.says {
			if !strings.Contains(unwrapped(out.String()), s) {
				t.Errorf("want %q, got\n%s", s, out.String())
			}
		}
	}
	if _, err := Apps(t.Context(), none, none, Options{}); err == nil {
		t.Error("two apps without an API are compared")
	}
	if _, err := Apps(t.Context(), none, one, Options{OldAPI: "Api"}); err == nil {
		t.Error("an API that is asked for and not there is compared")
	}
}
