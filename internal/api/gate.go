package api

import (
	"context"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// Gate decides and acts; it is all that a dialect needs of the program.
// Refusals are *tenancy.Refusal, failures *tenancy.Error.
type Gate interface {
	Apply(ctx context.Context, actor tenancy.Actor, change tenancy.Change, opts tenancy.ApplyOptions) (tenancy.Outcome, error)
	Read(ctx context.Context, actor tenancy.Actor, query tenancy.Query, opts tenancy.ApplyOptions) (tenancy.Outcome, error)
	Check(ctx context.Context, actor tenancy.Actor, question tenancy.Question) (tenancy.Verdict, error)
}

// GateTimeout is how long one call of the gate may take, where nothing else
// is configured.
const GateTimeout = 10 * time.Second

// WithTimeout bounds every single call of a gate, so that a list that takes
// many calls may take its reader's time, but none of its transactions does.
// A timeout that is not positive means GateTimeout.
func WithTimeout(gate Gate, timeout time.Duration) Gate {
	if timeout <= 0 {
		timeout = GateTimeout
	}
	return &boundedGate{gate: gate, timeout: timeout}
}

type boundedGate struct {
	gate    Gate
	timeout time.Duration
}

func (g *boundedGate) Apply(ctx context.Context, actor tenancy.Actor, change tenancy.Change, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.gate.Apply(ctx, actor, change, opts)
}

func (g *boundedGate) Read(ctx context.Context, actor tenancy.Actor, query tenancy.Query, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.gate.Read(ctx, actor, query, opts)
}

func (g *boundedGate) Check(ctx context.Context, actor tenancy.Actor, question tenancy.Question) (tenancy.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.gate.Check(ctx, actor, question)
}
