// Package contract is what a policy may rely on and may use: the schema of its
// input, and the built-in functions it may call.
package contract

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// The schema is closed wherever Memberward itself sets the keys, so that a
// misspelt reference is an error at load and not a rule that never fires.
//
//go:embed input.schema.json
var inputSchema []byte

// builtins lists the functions that a policy may call, one a line. What a
// newer OPA brings is refused until it is listed.
//
//go:embed builtins.txt
var builtins string

// Schemas gives the schema of the input in the form that the compiler takes.
func Schemas() (*ast.SchemaSet, error) {
	var schema any
	if err := util.Unmarshal(inputSchema, &schema); err != nil {
		return nil, fmt.Errorf("read the input schema: %w", err)
	}
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	return set, nil
}

// Capabilities gives the language that a policy may be written in: Rego of
// this OPA with the import rego.v2, and the listed functions. None of them
// reaches the network, the host, or a source of randomness; the only clock is
// the transaction's time, which time.now_ns gives and io.jwt.decode_verify
// holds a token against.
func Capabilities() (*ast.Capabilities, error) {
	all := ast.CapabilitiesForThisVersion()
	allowed := *all
	allowed.Builtins = nil
	allowed.AllowNet = []string{} // no host at all; nil would mean every one
	for _, name := range strings.Fields(builtins) {
		i := slices.IndexFunc(all.Builtins, func(b *ast.Builtin) bool { return b.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("builtins.txt: this OPA has no function %s", name)
		}
		allowed.Builtins = append(allowed.Builtins, all.Builtins[i])
	}
	return &allowed, nil
}
