package browser

import "testing"

func (b *bench) testCache(t *testing.T)       {}
func (b *bench) testPage(t *testing.T)        {}
