package browser_test

import (
	"slices"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/testkit/fetchcases"
)

// unlikeStandard are the differences in which the package, as the standard's cache, does as Chromium does all the same: those
// that are not the cache's, and one that is an oversight.
var unlikeStandard = []string{"negative-max-age", "max-age-64-bits", "entry-of-any-method"}

// TestStandard holds the package against the table of the Fetch standard's cases: it does as the standard says, and where
// Chromium does not, as Chromium does. In test/browser Chromium itself is held against the same table.
func TestStandard(t *testing.T) {
	table, err := fetchcases.Load()
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	used := map[string]bool{}
	for _, section := range table.Sections {
		for _, c := range section.Cases {
			cases++
			got, _, err := c.Model("n1x", browser.Chromium)
			if err != nil {
				t.Errorf("%s: %s: %v", section.Title, c.Name, err)
			} else if got != c.Expected() {
				t.Errorf("%s: %s:\n got  %s\n want %s", section.Title, c.Name, got, c.Expected())
			}
			if section.Title == "CORS-preflight cache" && !slices.Contains(unlikeStandard, c.Differs) {
				if got, _, _ := c.Model("n1x", browser.Firefox); got != c.Want {
					t.Errorf("%s: %s, in the standard:\n got  %s\n want %s", section.Title, c.Name, got, c.Want)
				}
			}
			if (c.Chromium != "") != (c.Differs != "") || c.Chromium == c.Want {
				t.Errorf("%s: %s: what Chromium does, and the difference's name, go together", section.Title, c.Name)
			}
			if used[c.Differs] = true; c.Differs != "" && table.Differences[c.Differs] == (fetchcases.Difference{}) {
				t.Errorf("%s: %s: no difference is named %q", section.Title, c.Name, c.Differs)
			}
		}
	}
	for _, u := range table.URLs {
		want := u.Want
		if u.Chromium != "" {
			want = u.Chromium
		}
		if u.Here != "" {
			want = u.Here
		}
		if got := browser.Href(u.URL, u.Base); got != want {
			t.Errorf("%q in %q is %q, want %q", u.URL, u.Base, got, want)
		}
		if used[u.Differs] = true; (u.Chromium+u.Here != "") != (u.Differs != "") || u.Chromium == u.Want || u.Chromium == "" && u.Here == u.Want || u.Differs != "" && table.Differences[u.Differs] == (fetchcases.Difference{}) {
			t.Errorf("%q in %q: what is done otherwise and the difference's name go together", u.URL, u.Base)
		}
	}
	for name := range table.Differences {
		if !used[name] {
			t.Errorf("no case has the difference %s", name)
		}
	}
	if cases < 1000 {
		t.Errorf("%d cases, want 1000 at the least", cases)
	}
}
