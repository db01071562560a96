package contract

import (
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// refused are the functions of this OPA that a policy may not call. Each
// function has to be on one of the two lists, so that what a newer OPA brings
// is decided by somebody.
var refused = []string{
	// the network, the host, randomness
	"http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn", "uuid.rfc4122", "providers.aws.sign_req",
	// schemas and keys may name places in the network; some read the clock by themselves
	"json.match_schema", "json.verify_schema", "io.jwt.encode_sign", "io.jwt.encode_sign_raw",
	// secrets have no place in rules
	"crypto.parse_private_keys", "crypto.x509.parse_keypair", "crypto.x509.parse_rsa_private_key",
	// one call can take all memory
	"net.cidr_expand",
	// no use in a decision
	"rego.parse_module", "trace",
	// deprecated
	"all", "any", "re_match", "cast_array", "cast_boolean", "cast_null", "cast_object", "cast_set", "cast_string", "set_diff",
	"net.cidr_overlap",
}

func TestEveryFunctionIsDecided(t *testing.T) {
	capabilities, err := Capabilities()
	if err != nil {
		t.Fatal(err)
	}
	allows := func(name string) bool {
		return slices.ContainsFunc(capabilities.Builtins, func(b *ast.Builtin) bool { return b.Name == name })
	}
	for _, b := range ast.CapabilitiesForThisVersion().Builtins {
		if allows(b.Name) == slices.Contains(refused, b.Name) {
			t.Errorf("%s: allowed %t, on the list of refused ones %t", b.Name, allows(b.Name), slices.Contains(refused, b.Name))
		}
		// these two see the transaction's time and no other
		if b.Nondeterministic && allows(b.Name) && b.Name != "time.now_ns" && b.Name != "io.jwt.decode_verify" {
			t.Errorf("%s gives another answer each time", b.Name)
		}
	}
}

func TestCapabilities(t *testing.T) {
	capabilities, err := Capabilities()
	if err != nil {
		t.Fatal(err)
	}
	if !capabilities.ContainsFeature(ast.FeatureRegoV2Import) {
		t.Error("without import rego.v2, a missing fact under a not disarms an objection")
	}
	if capabilities.AllowNet == nil || len(capabilities.AllowNet) > 0 {
		t.Errorf("got allow_net %v, want an empty list", capabilities.AllowNet)
	}
	if len(ast.CapabilitiesForThisVersion().Builtins) == len(capabilities.Builtins) {
		t.Error("nothing is refused")
	}
}

func TestSchemas(t *testing.T) {
	schemas, err := Schemas()
	if err != nil {
		t.Fatal(err)
	}
	object, isObject := schemas.Get(ast.SchemaRootRef).(map[string]any)
	if !isObject || object["additionalProperties"] != false {
		t.Errorf("got %v, want a closed schema of the input", object)
	}
}
