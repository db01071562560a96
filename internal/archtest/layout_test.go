package archtest

// module is the path of the product's module.
const module = "github.com/memberward/memberward"

// allowance says what a package may import of ours.
type allowance struct {
	dir  string   // below the checkout
	ours []string // directories below the checkout; anything: all of them
}

// anything in an allowance lifts the restriction.
const anything = "*"

// layout is the table of the design: one row per package, arrows pointing inward to tenancy. A package without a row
// is refused, and so is an import that its row does not name. It binds what the program links; tests may use real
// neighbours (a gate test runs on a real store).
var layout = []allowance{
	{"cmd/memberward", []string{"internal/cli"}},
	{"policies", nil},
	{"deploy", nil},
	{"testdata/conformance", nil},
	{"internal/tenancy", nil},
	{"internal/audit", []string{"internal/tenancy"}},
	{"internal/gate", []string{"internal/audit", "internal/tenancy"}},
	{"internal/policy/contract", nil},
	{"internal/policy", []string{"internal/gate", "internal/tenancy", "internal/policy/contract", "policies", "testdata/conformance"}},
	{"internal/boltstore", []string{"internal/gate", "internal/audit", "internal/tenancy"}},
	{"internal/storetest", []string{"internal/gate", "internal/audit", "internal/tenancy"}},
	{"internal/authn", []string{"internal/tenancy"}},
	{"internal/api", []string{"internal/tenancy"}},
	{"internal/api/native", []string{"internal/api", "internal/tenancy"}},
	{"internal/api/cognee", []string{"internal/api", "internal/tenancy"}},
	{"internal/api/llamacloud", []string{"internal/api", "internal/tenancy"}},
	{"internal/api/cogniac", []string{"internal/api", "internal/tenancy"}},
	{"internal/api/processmind", []string{"internal/api", "internal/tenancy"}},
	{"internal/api/authzen", []string{"internal/api", "internal/tenancy"}},
	{"internal/api/opadata", []string{"internal/api", "internal/tenancy"}},
	{"internal/apitest", []string{anything}},
	{"internal/http1", nil},
	{"internal/proxy", []string{"internal/http1", "internal/tenancy"}},
	{"internal/proxytest", nil},
	{"internal/snippet", []string{"deploy"}},
	{"internal/doctor", []string{"deploy"}},
	{"internal/config", nil},
	{"internal/telemetry", nil},
	{"internal/app", []string{anything}},
	{"internal/cli", []string{
		"internal/app", "internal/config", "internal/policy", "internal/boltstore", "internal/audit", "internal/snippet", "internal/doctor",
	}},
	{"internal/archtest", nil},
}

// ownership says which packages alone may import a library.
type ownership struct {
	library string   // import path; what lies below it is meant too
	owners  []string // directories; what lies below is not meant
}

// onlyImporters keeps each heavy library behind one package of ours. The benchmark and the end-to-end tests are free.
var onlyImporters = []ownership{
	{"github.com/open-policy-agent/opa", []string{"internal/policy", "internal/policy/contract"}},
	{"go.etcd.io/bbolt", []string{"internal/boltstore"}},
	{"github.com/lestrrat-go/jwx", []string{"internal/authn"}},
	{"github.com/knadh/koanf", []string{"internal/config"}},
	{"google.golang.org/grpc", []string{"internal/app"}},
	{"github.com/coreos/go-systemd", []string{"internal/app"}},
	{"github.com/spf13/cobra", []string{"internal/cli"}},
	{"github.com/gin-gonic/gin", []string{
		"internal/api", "internal/api/native", "internal/api/cognee", "internal/api/llamacloud", "internal/api/cogniac",
		"internal/api/processmind", "internal/api/authzen", "internal/api/opadata",
	}},
	{"github.com/danielgtaylor/huma", []string{"internal/api", "internal/api/native"}},
}

// free packages, and what lies below them, drive the program from outside: no import rule holds for them.
var free = []string{"bench", "internal/e2e"}

// dialects is the folder whose children never import each other, not even in a test.
const dialects = "internal/api"

// ban keeps imports and calls out of packages.
type ban struct {
	dirs    []string // below is meant too
	imports []string // below is meant too
	calls   []string // package.Function
	why     string
}

var bans = []ban{
	{
		dirs:    []string{"internal/tenancy", "internal/audit", "internal/gate"},
		imports: []string{"net/http"},
		why:     "the domain knows no transport",
	},
	{
		dirs:    []string{"internal/tenancy", "internal/audit", "internal/gate", "internal/policy"},
		imports: []string{"math/rand", "crypto/rand"},
		calls: []string{
			"time.Now", "time.Since", "time.Until",
			"uuid.New", "uuid.NewString", "uuid.NewRandom", "uuid.NewUUID", "uuid.NewV6", "uuid.NewV7",
		},
		why: "time and randomness are passed in, so that a decision can be repeated",
	},
}

// drawers are names that say nothing about what a package is in the domain.
var drawers = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "pkg", "misc"}

// constructors are the only calls that may initialise a package variable: what they return cannot be changed.
var constructors = []string{"errors.New", "fmt.Errorf", "regexp.MustCompile"}

// Sizes to stay within.
const (
	fileCap        = 600 // lines
	fileP90        = 350 // lines
	functionCap    = 100 // lines
	functionP90    = 37  // lines
	nestingCap     = 3   // for, if, switch, select within each other
	interfaceCap   = 8   // own methods
	averageImports = 2.5 // packages of ours that a package of ours imports
)
