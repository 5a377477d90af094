package browser

import "testing"

func (b *bench) testPage(t *testing.T) {}
