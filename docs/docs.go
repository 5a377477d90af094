// Package docs has the pages that `corsgate help` prints.
package docs

import "embed"

// Topics are the pages, by file name.
//
//go:embed ci.md suppressing.md troubleshooting.md
var Topics embed.FS
