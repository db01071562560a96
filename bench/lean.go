package main

import (
	"context"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

// leanness is what a measured program goes without, to learn what it costs.
// The product cannot be built so.
type leanness struct{ audit, reasons, memory bool }

// rules are the options of the policies: without memory, every ruling is
// evaluated, whether it is remembered or not.
func (l leanness) rules() policy.Options {
	opts := policy.Options{Clock: time.Now}
	if l.memory {
		opts.ShadowEvery = 1
	}
	return opts
}

func (l leanness) store(whole gate.Store) gate.Store {
	if !l.audit {
		return whole
	}
	return unaudited{whole}
}

func (l leanness) decider(whole gate.Decider) gate.Decider {
	if !l.reasons {
		return whole
	}
	return bluntly{whole}
}

// unaudited is a store that keeps no record of decisions, and no receipts.
type unaudited struct{ gate.Store }

// Update implements gate.Store.
func (s unaudited) Update(ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
	return s.Store.Update(ctx, func(tx gate.Tx) error { return fn(forgetful{tx}) })
}

type forgetful struct{ gate.Tx }

// Record implements gate.Tx.
func (forgetful) Record(audit.Record) error { return nil }

// PutReceipt implements gate.Tx.
func (forgetful) PutReceipt(tenancy.Receipt) error { return nil }

// bluntly is a decider that says no more than yes or no: of a change it asks
// what it asks of an access.
type bluntly struct{ gate.Decider }

// Decide implements gate.Decider.
func (d bluntly) Decide(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	asked := *in
	asked.Action = tenancy.ActionTenantRead
	ruling, err := d.Allow(ctx, &asked)
	ruling.Granted = ruling.Allow
	return ruling, err
}
