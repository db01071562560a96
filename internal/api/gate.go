package api

import (
	"context"
	"io"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// Gate decides and acts; it is all that a dialect needs of the program.
// Refusals are *tenancy.Refusal, failures *tenancy.Error.
type Gate interface {
	Apply(ctx context.Context, actor tenancy.Actor, change tenancy.Change, opts tenancy.ApplyOptions) (tenancy.Outcome, error)
	Read(ctx context.Context, actor tenancy.Actor, query tenancy.Query, opts tenancy.ApplyOptions) (tenancy.Outcome, error)
	Check(ctx context.Context, actor tenancy.Actor, question tenancy.Question) (tenancy.Verdict, error)
	// CheckAll answers questions in their order, at one revision.
	CheckAll(ctx context.Context, actor tenancy.Actor, questions []tenancy.Question) ([]tenancy.Verdict, error)
	// VerifyAudit follows the whole audit, in many short transactions.
	VerifyAudit(ctx context.Context, actor tenancy.Actor, tenant tenancy.TenantRef, opts tenancy.ApplyOptions) (tenancy.AuditReport, tenancy.Outcome, error)
	// Backup writes a copy of the store, nothing of it before it is whole. A
	// writer with a method Begin(tenancy.Outcome) learns the outcome before
	// the first byte.
	Backup(ctx context.Context, actor tenancy.Actor, w io.Writer, opts tenancy.ApplyOptions) (tenancy.Outcome, error)
}

// GateTimeout is how long one call of the gate may take, where nothing else
// is configured.
const GateTimeout = 10 * time.Second

// WithTimeout bounds every single call of a gate, so that a list that takes
// many calls may take its reader's time, but none of its transactions does.
// Backup and VerifyAudit take as long as the store is large: they end with
// their caller, when the context does. A timeout that is not positive means
// GateTimeout.
func WithTimeout(gate Gate, timeout time.Duration) Gate {
	if timeout <= 0 {
		timeout = GateTimeout
	}
	return &boundedGate{Gate: gate, timeout: timeout}
}

// boundedGate passes on what it does not bound.
type boundedGate struct {
	Gate
	timeout time.Duration
}

// Apply bounds the gate's.
func (g *boundedGate) Apply(ctx context.Context, actor tenancy.Actor, change tenancy.Change, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.Gate.Apply(ctx, actor, change, opts)
}

// Read bounds the gate's.
func (g *boundedGate) Read(ctx context.Context, actor tenancy.Actor, query tenancy.Query, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.Gate.Read(ctx, actor, query, opts)
}

// Check bounds the gate's.
func (g *boundedGate) Check(ctx context.Context, actor tenancy.Actor, question tenancy.Question) (tenancy.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.Gate.Check(ctx, actor, question)
}

// CheckAll bounds the gate's, all questions together.
func (g *boundedGate) CheckAll(ctx context.Context, actor tenancy.Actor, questions []tenancy.Question) ([]tenancy.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.Gate.CheckAll(ctx, actor, questions)
}
