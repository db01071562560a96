package gate

import (
	"context"
	"io"

	"github.com/memberward/memberward/internal/tenancy"
)

// Backup decides whether the actor may have a copy of the store, and writes
// one while changes go on. Nothing is written before the copy is whole. The
// copy holds every secret that the store holds. The outcome's revision is that
// of the copy; a w with a method Begin(tenancy.Outcome) is told the outcome
// before the first byte.
func (g *Gate) Backup(ctx context.Context, actor tenancy.Actor, w io.Writer, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	outcome, err := g.look(ctx, actor, func() view {
		return view{action: tenancy.ActionStoreBackup, rows: noRows}
	}, opts)
	if err != nil {
		return tenancy.Outcome{}, err
	}
	outcome.Revision, err = g.store.Backup(ctx, &copying{Writer: w, outcome: outcome})
	return outcome, err
}

// copying passes a copy on, after what it is of.
type copying struct {
	io.Writer
	outcome tenancy.Outcome
}

// Begin is called by the store.
func (c *copying) Begin(revision tenancy.Revision) {
	if to, wants := c.Writer.(interface{ Begin(tenancy.Outcome) }); wants {
		c.outcome.Revision = revision
		to.Begin(c.outcome)
	}
}
