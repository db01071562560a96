package policy

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/memberward/memberward/internal/policy/contract"
)

// DefaultTimeLimit is how long one evaluation may take. A rich decision of the
// shipped set takes less than a thousandth of it.
const DefaultTimeLimit = 500 * time.Millisecond

// testedDigest is the digest of the embedded set whose tests passed with full
// coverage. TestEmbeddedSetIsTested writes it.
//
//go:embed tested.sha256
var testedDigest string

// DefaultShadowEvery is how many remembered rulings share one that is evaluated
// all the same.
const DefaultShadowEvery = 1000

// Options of a set. Clock is required.
type Options struct {
	TimeLimit   time.Duration    // of one evaluation; zero: DefaultTimeLimit
	Clock       func() time.Time // measures the time limit; rules see the transaction's time
	ShadowEvery uint64           // one in so many remembered rulings is evaluated all the same; zero: DefaultShadowEvery
}

// LoadError says why a set cannot be activated: everything that was found.
type LoadError struct {
	Source   string
	Problems []string // one fault each, with file and line where there is one
}

// Error lists the problems, one a line.
func (e *LoadError) Error() string {
	return fmt.Sprintf("the policies in %s cannot be activated:\n  %s", e.Source,
		strings.ReplaceAll(strings.Join(e.Problems, "\n"), "\n", "\n  "))
}

// Load reads a set and makes it ready, if it keeps the contract: it compiles
// in strict mode with the listed functions against the closed input schema,
// has both entry points with the right types, which read every rule that seems
// to decide, gives no level more than its ceiling, has terms that can be read,
// withstands the probes, and its own tests pass. Otherwise the error is a
// *LoadError, and there is no set.
func Load(ctx context.Context, source Source, opts Options) (*Set, error) {
	if opts.Clock == nil {
		return nil, fmt.Errorf("load the policies in %s: no clock was given", source)
	}
	if opts.TimeLimit <= 0 {
		opts.TimeLimit = DefaultTimeLimit
	}
	loading, err := begin(source)
	if err != nil {
		return nil, fmt.Errorf("load the policies in %s: %w", source, err)
	}
	set := loading.verify(ctx, opts)
	if len(loading.problems) == 0 {
		loading.checkTests(ctx, set)
	}
	if len(loading.problems) > 0 {
		return nil, &LoadError{Source: source.String(), Problems: loading.problems}
	}
	return set, nil
}

// verify takes a set through everything but its tests. Each step needs those
// before it, so the first one that finds problems is the last.
func (l *loading) verify(ctx context.Context, opts Options) *Set {
	set := &Set{source: l.source.String(), vocabulary: newVocabulary()}
	for _, step := range []func(){
		l.read,
		func() { set.digest = digest(l.files); set.revision = set.digest[:revisionLength] },
		l.parse,
		l.compile,
		l.checkSentences,
		func() { l.checkEntryPoints(); l.checkRouting(); l.checkRoles(); set.terms = l.termsOf() },
		func() { l.prepare(ctx, set, opts) },
		func() { l.checkReached(); l.probe(ctx, set.patient()) },
		func() { set.catalogue = catalogueOf(l.shipped); set.warnings = unexplained(set.catalogue) },
		func() { set.levels, set.actions = l.levelActions(), l.actionNames() },
	} {
		step()
		if len(l.problems) > 0 {
			return nil
		}
	}
	return set
}

func (l *loading) prepare(ctx context.Context, set *Set, opts Options) {
	var err error
	if set.evaluator, err = newEvaluator(ctx, l.compiler, l.document, opts); err != nil {
		l.object("%v", err)
		return
	}
	set.modules, set.asked, set.memory = l.modules(), &preparedRules{}, l.memoryOf(opts)
	set.permissions = whenAsked(l.compiler, l.capabilities, set.modules)
}

// checkTests runs the set's own tests. Those of the embedded set ran when it
// was made; its digest says so.
func (l *loading) checkTests(ctx context.Context, set *Set) {
	if l.source.embedded {
		if set.digest != strings.TrimSpace(testedDigest) {
			l.object("the embedded policies are not those that were tested: run go test ./internal/policy -run TestEmbeddedSetIsTested -update")
		}
		return
	}
	result, err := l.runTests(ctx, nil)
	if err != nil {
		l.object("run the tests: %v", err)
	}
	for _, failure := range result.Failures {
		l.object("%s", failure)
	}
	set.warnings = append(set.warnings, result.untested()...)
}

// begin opens a source for the steps of loading.
func begin(source Source) (*loading, error) {
	capabilities, err := contract.Capabilities()
	if err != nil {
		return nil, err
	}
	schemas, err := contract.Schemas()
	if err != nil {
		return nil, err
	}
	return &loading{source: source, capabilities: capabilities, schemas: schemas}, nil
}
