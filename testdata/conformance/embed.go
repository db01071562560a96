// Package conformance holds the conformance vectors: inputs of the policies
// and the verdicts on them, for any engine. README.md describes them.
package conformance

import "embed"

// Files are the vectors, one file for each action.
//
//go:embed *.json
var Files embed.FS
