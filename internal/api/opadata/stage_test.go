package opadata_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/opadata"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
	"github.com/memberward/memberward/policies"
)

// rules loads the rule book with packages written for other programs beside
// it, once for all stages.
var rules = sync.OnceValues(func() (set *policy.Set, err error) {
	folder, err := os.MkdirTemp("", "opadata-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	err = errors.Join(os.CopyFS(folder, policies.Files), os.CopyFS(filepath.Join(folder, "guests"), os.DirFS("testdata/rules")))
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.rego") { // they run elsewhere
			return os.Remove(path)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return policy.Load(context.Background(), policy.Dir(folder), policy.Options{Clock: time.Now, TimeLimit: 2 * time.Second})
})

// stage is a server of this dialect that can stop being ready.
type stage struct {
	*apitest.Stage
	unready atomic.Bool
}

func (s *stage) ready(context.Context) error {
	if s.unready.Load() {
		return errors.New("the store has stopped")
	}
	return nil
}

func set(t testing.TB, front func(opadata.Evaluator) opadata.Evaluator) *stage {
	t.Helper()
	whole := &stage{}
	whole.Stage = apitest.Set(t, apitest.Directions{
		Dialects: func(s *apitest.Stage, gate api.Gate) []api.Dialect {
			return []api.Dialect{opadata.New(opadata.Options{
				Gate: gate, Evaluator: front(s.Gate), Authenticator: s.Authn.Door(authn.Source{}),
				Modules: func() []tenancy.Module { return s.Rules.Active().Modules() }, Ready: whole.ready,
			})}
		},
		Rules: rules,
	})
	return whole
}

// real puts nothing in front of the gate.
func real(e opadata.Evaluator) opadata.Evaluator { return e }
