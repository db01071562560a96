// Package conformance holds the conformance vectors: inputs of the policies
// and the verdicts on them, for any engine. README.md describes them.
package conformance

import (
	"archive/zip"
	_ "embed" // the vectors
	"io/fs"
	"strings"
)

// packed holds the files of this folder, since they would be a tenth of the
// program otherwise. TestVectorsAreCurrent of internal/policy packs them.
//
//go:embed vectors.zip
var packed string

// Files are the vectors, one file for each action.
func Files() (fs.FS, error) { return zip.NewReader(strings.NewReader(packed), int64(len(packed))) }
