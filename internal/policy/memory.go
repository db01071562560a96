package policy

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

const (
	memoryLimit = 1024 // rulings; when it is reached, all are forgotten
	keyLimit    = 512  // bytes; a ruling with a longer key is not remembered
	keyUsual    = 160  // bytes, which most keys fit into
	rulingLimit = 4096 // bytes of its violations; a longer one is not remembered
)

// memory holds the rulings of one set by what they can depend on. A ruling is
// a function of its projection, so nothing in it ever grows old, and it holds
// as much inside a transaction as outside: the key is made of the facts of the
// transaction that asks.
type memory struct {
	decision, access projection // nil: evaluated every time

	mu     sync.RWMutex
	known  map[string]gate.Ruling
	shadow uint64 // see Options.ShadowEvery
	used   atomic.Uint64
	off    atomic.Bool // a remembered ruling was wrong
}

// memoryOf makes an empty memory for the entry points that have a projection.
func (l *loading) memoryOf(opts Options) *memory {
	m := &memory{known: map[string]gate.Ruling{}, shadow: opts.ShadowEvery}
	if m.shadow == 0 {
		m.shadow = DefaultShadowEvery
	}
	m.decision, _ = l.projectionOf(decisionEntry) // without one, each question is evaluated
	m.access, _ = l.projectionOf(accessEntry)
	return m
}

// key gives what the ruling on an input depends on, appended to buf; nil when
// it is to be evaluated.
func (m *memory) key(buf []byte, in *gate.Input) []byte {
	projected := m.access
	if in.Action.Changes() {
		projected = m.decision
	}
	if projected == nil || mayBeNoInput(in) || in.Now.IsZero() || m.off.Load() {
		return nil
	}
	if key := projected.key(appendTruth(buf, in.Action.Changes()), in); len(key) <= keyLimit {
		return key
	}
	return nil
}

// mayBeNoInput reports whether the evaluation may fail over what a request
// brought along, before any rule reads it: JSON that is none, a name that is no
// UTF-8. Nothing else in it can: a set that reads the request has no projection.
func mayBeNoInput(in *gate.Input) bool {
	sent := len(in.Context) + len(in.Sent) + len(in.Subject.Properties) + len(in.Subject.Stored) + len(in.Resource.Properties) + len(in.Resource.Stored)
	return sent > 0 || garbled(in.Route.Params) || garbled(in.HTTP.Query) || garbled(in.HTTP.Headers)
}

// garbled reports whether a name is no UTF-8.
func garbled[Value any](byName map[string]Value) bool {
	for name := range byName {
		if !utf8.ValidString(name) {
			return true
		}
	}
	return false
}

func (m *memory) recall(key []byte) (gate.Ruling, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	ruling, known := m.known[string(key)]
	ruling.Violations = slices.Clone(ruling.Violations) // the caller owns them
	return ruling, known
}

func (m *memory) keep(key []byte, ruling gate.Ruling) {
	size := 0
	for _, v := range ruling.Violations {
		size += len(v.Code) + len(v.Message)
	}
	if size > rulingLimit {
		return
	}
	ruling.Violations = slices.Clone(ruling.Violations)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) >= memoryLimit {
		clear(m.known)
	}
	m.known[string(key)] = ruling
}

// recall gives the ruling that evaluating an input would yield, from memory
// where it can. Should a remembered ruling differ from the evaluated one, the
// input is refused with policy_error, and nothing is remembered any more.
func (s *Set) recall(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	key := s.memory.key(make([]byte, 0, keyUsual), in)
	if key == nil || ctx.Err() != nil {
		return s.rule(ctx, in)
	}
	remembered, known := s.memory.recall(key)
	if known && s.memory.used.Add(1)%s.memory.shadow != 0 {
		return remembered, nil
	}
	ruling, err := s.rule(ctx, in)
	switch {
	case err != nil:
		return ruling, err
	case !known:
		s.memory.keep(key, ruling)
	case !same(ruling, remembered):
		s.memory.off.Store(true)
		return s.nothing(), fault(tenancy.CodePolicyError, errors.New("a remembered ruling was wrong; from now on all are evaluated"))
	}
	return ruling, nil
}

// same compares rulings of one set. Evaluation sorts the violations, or leaves
// them in the order of the policy's list, so their order is part of it.
func same(a, b gate.Ruling) bool {
	return a.Allow == b.Allow && a.Granted == b.Granted && slices.Equal(a.Violations, b.Violations)
}
