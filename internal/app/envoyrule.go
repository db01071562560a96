package app

import (
	"fmt"
	"strings"

	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/policy"
)

// pluginRule is the rule that the OPA Envoy plugin asks unless it is told
// another.
const pluginRule = "envoy/authz/allow"

// envoyRule finds the rule that stands beside the routes of Envoy's checks; nil
// is none. One that the operator names has to be there.
func envoyRule(cfg config.Serve, set *policy.Set) ([]string, error) {
	name, named := cfg.EnvoyRule, cfg.EnvoyRule != ""
	switch {
	case name == "none":
		return nil, nil
	case !named:
		name = pluginRule
	}
	path := strings.Split(name, "/")
	switch {
	case set.Defines(path):
		return path, nil
	case named:
		return nil, &config.Invalid{Problems: []string{fmt.Sprintf("envoy_rule: the policies (%s) have no rule data.%s", set.Source(), strings.Join(path, "."))}}
	default:
		return nil, nil
	}
}
