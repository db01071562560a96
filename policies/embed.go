// Package policies is the rule book: the Rego rules that decide, their tests,
// the role table and the terms of the dialects. Everything but this file is for reviewers of the rules.
package policies

import "embed"

// Files holds the rules with their tests, and the data. Its paths are those
// below this folder.
//
//go:embed access dialects membership roles
var Files embed.FS
