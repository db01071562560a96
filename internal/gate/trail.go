package gate

import (
	"context"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// How many audit records one page looks at, whatever it finds among them, and
// how many one step of a verification follows.
const (
	auditScan   = 10_000
	verifyChunk = 1000
)

// auditRows reads one page: the records of a tenant, or of all, that pass the
// filters.
func auditRows(q tenancy.ListAudit) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		page := tenancy.AuditPage{Records: [][]byte{}}
		after := q.After
		for looked := 0; looked < auditScan; looked += verifyChunk {
			records, err := auditChunk(tx, m, after, verifyChunk)
			if err != nil {
				return nil, err
			}
			for _, data := range records {
				r, _, err := audit.Decode(data)
				if err != nil {
					return nil, err
				}
				if len(page.Records) == q.Limit {
					page.Next = after
					return page, nil
				}
				after = r.Seq
				if isAskedFor(r, q) {
					page.Records = append(page.Records, data)
				}
			}
			if len(records) < verifyChunk {
				return page, nil
			}
		}
		page.Next = after
		return page, nil
	}
}

func auditChunk(tx Reader, m *matter, after uint64, limit int) ([][]byte, error) {
	if m.tenant.ID.IsZero() {
		return tx.Audit(after, limit)
	}
	return tx.AuditOf(m.tenant.ID, after, limit)
}

func isAskedFor(r audit.Record, q tenancy.ListAudit) bool {
	return (q.Actor == "" || r.Actor == q.Actor || r.ActingAs == q.Actor) &&
		(q.Action == "" || r.Action == string(q.Action)) && !r.Time.Before(q.Since)
}

// VerifyAudit follows the chain from its first record to the last one of the
// moment it was asked, a chunk in each transaction, and decides again before
// each. The errors are those of Read.
func (g *Gate) VerifyAudit(ctx context.Context, actor tenancy.Actor, tenant tenancy.TenantRef, opts tenancy.ApplyOptions) (tenancy.AuditReport, tenancy.Outcome, error) {
	v := verification{tenant: tenant}
	for {
		outcome, err := g.look(ctx, actor, v.view, opts)
		if err != nil || v.done {
			return v.report, outcome, err
		}
	}
}

// verification is how far a chain has been followed.
type verification struct {
	tenant tenancy.TenantRef
	chain  audit.Chain
	until  uint64
	begun  bool
	done   bool
	report tenancy.AuditReport
}

// view is the next chunk.
func (v *verification) view() view {
	return view{action: tenancy.ActionAuditRead, tenant: v.tenant, rows: func(tx Reader, m *matter) (any, error) {
		return nil, v.follow(tx, m.tenant.ID)
	}}
}

func (v *verification) follow(tx Reader, tenant tenancy.TenantID) error {
	end, err := tx.Chain()
	if err != nil {
		return err
	}
	if !v.begun {
		v.begun, v.until = true, end.Seq
	}
	records, err := tx.Audit(v.chain.Seq, int(min(verifyChunk, v.until-v.chain.Seq)))
	if err != nil {
		return err
	}
	for _, data := range records {
		if err := v.record(data, tenant); err != nil {
			return err
		}
		if v.done {
			return nil
		}
	}
	switch {
	case v.chain.Seq < v.until && len(records) > 0:
		return nil
	case v.chain.Seq < v.until: // the rest is missing
		v.broken(v.chain.Seq + 1)
	case v.chain.Seq == end.Seq && v.chain != end: // another one stands where the last one belongs
		v.broken(end.Seq)
	default:
		v.done, v.report.OK = true, true
	}
	return nil
}

// record follows one record, and counts it where it is asked for.
func (v *verification) record(data []byte, tenant tenancy.TenantID) error {
	next, err := v.chain.Follow(data)
	if err != nil {
		v.broken(v.chain.Seq + 1)
		return nil
	}
	v.chain = next
	if !tenant.IsZero() {
		r, _, err := audit.Decode(data)
		if err != nil || r.Tenant != tenant.String() {
			return err
		}
	}
	v.report.Records++
	v.report.Head = next.Head.String()
	return nil
}

func (v *verification) broken(at uint64) {
	v.done, v.report.OK, v.report.BrokenAt = true, false, at
}
