package corstest

import "testing"

// SetUpdating says whether files are written for the rest of a test.
func SetUpdating(t *testing.T, on bool) {
	was := *updating
	*updating = on
	t.Cleanup(func() { *updating = was })
}
