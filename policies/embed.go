// Package policies is the rule book: the Rego rules that decide, their tests
// and the role table. Everything but this file is for reviewers of the rules.
package policies

import "embed"

// Files holds the rules with their tests, and the role table. Its paths are
// those below this folder.
//
//go:embed access membership roles
var Files embed.FS
