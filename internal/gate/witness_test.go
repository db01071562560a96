package gate_test

import (
	"context"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// asked is one question to the policies about a change, and what they said.
type asked struct {
	in     gate.Input
	ruling gate.Ruling
	err    error
}

// witness asks the policies and tells what they say. With an answer it gives
// that one instead of theirs: what is then found is found beneath them. It
// serves one caller at a time.
type witness struct {
	judge  gate.Decider
	answer *gate.Ruling
	seen   func(asked)
}

var _ gate.Decider = (*witness)(nil)

func (w *witness) Decide(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	ruling, err := w.judge.Decide(ctx, in)
	w.seen(asked{*in, ruling, err})
	if w.answer != nil {
		return *w.answer, nil
	}
	return ruling, err
}

func (w *witness) Allow(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	return w.judge.Allow(ctx, in)
}

func (w *witness) Explain(ctx context.Context, in *gate.Input) (tenancy.Explanation, error) {
	return w.judge.Explain(ctx, in)
}

func (w *witness) Actions() []tenancy.Action { return nil }
func (w *witness) Evaluate(ctx context.Context, in *gate.RuleInput) (tenancy.Value, error) {
	return w.judge.Evaluate(ctx, in)
}

func (w *witness) Terms(dialect tenancy.Dialect) tenancy.Terms { return shippedTerms(dialect) }

// shippedTerms are those of the embedded policies; TestTerms compares them.
func shippedTerms(dialect tenancy.Dialect) tenancy.Terms {
	switch dialect {
	case tenancy.DialectNative, tenancy.DialectCognee:
		return tenancy.Terms{DefaultLevel: tenancy.LevelMember, AddAgain: tenancy.AgainRefused}
	case tenancy.DialectLlamaCloud:
		return tenancy.Terms{DefaultLevel: tenancy.LevelViewer, AddAgain: tenancy.AgainUpdated, AddsPerMinute: 600}
	case tenancy.DialectCogniac:
		return tenancy.Terms{DefaultLevel: tenancy.LevelMember, AddAgain: tenancy.AgainKept, InviteAgain: tenancy.AgainKept}
	case tenancy.DialectProcessMind:
		return tenancy.Terms{DefaultLevel: tenancy.LevelMember, AddAgain: tenancy.AgainKept}
	default:
		return tenancy.Terms{}
	}
}
