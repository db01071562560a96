package storetest

import (
	"context"
	"errors"
	"strings"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// entities keeps entities whose names begin with each other's, changes one and
// deletes one.
func entities(ctx context.Context, s gate.Store) error {
	refs := []tenancy.EntityRef{
		{Type: "a", ID: "1"}, {Type: "a", ID: "10"}, {Type: "a", ID: "2/ü"}, {Type: "a/", ID: "1"}, {Type: "aa", ID: "1"}, {Type: "b", ID: strings.Repeat("x", tenancy.EntityIDLimit)},
	}
	_, err := update(ctx, s, func(tx gate.Tx) error {
		var errs []error
		for _, ref := range refs {
			errs = append(errs, tx.PutEntity(entity(ref.Type, ref.ID)))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return err
	}
	changed := entity("a", "10")
	changed.Owner, changed.Properties = "", ""
	_, err = update(ctx, s, func(tx gate.Tx) error {
		err := errors.Join(tx.PutEntity(changed), tx.DeleteEntity(refs[0]))
		return errors.Join(err, isThere(tx, refs[0], tenancy.Entity{}, false), isListed(tx, "a", "", 10, "10", "2/ü"))
	})
	if err != nil {
		return err
	}
	return s.View(ctx, func(r gate.Reader) error {
		last := refs[len(refs)-1]
		return errors.Join(
			isThere(r, refs[0], tenancy.Entity{}, false), isThere(r, refs[1], changed, true), isThere(r, last, entity(last.Type, last.ID), true),
			isThere(r, tenancy.EntityRef{}, tenancy.Entity{}, false),
			isListed(r, "a", "", 10, "10", "2/ü"), isListed(r, "a", "", 1, "10"), isListed(r, "a", "10", 10, "2/ü"), isListed(r, "a", "2/ü", 10),
			isListed(r, "a/", "", 10, "1"), isListed(r, "b", "", 10, last.ID), isListed(r, "c", "", 10), isListed(r, "", "", 10), isListed(r, "a", "", 0),
		)
	})
}

func isThere(r gate.Reader, ref tenancy.EntityRef, want tenancy.Entity, there bool) error {
	got, found, err := r.Entity(ref)
	if !there {
		return errors.Join(err, same("that "+ref.Type+" "+ref.ID+" is there", found, true, nil, false))
	}
	return same("the entity "+ref.Type+" "+ref.ID, got, found, err, want)
}

func isListed(r gate.Reader, kind, after string, limit int, want ...string) error {
	got, err := r.Entities(kind, after, limit)
	return same("the entities of "+kind+" after "+after, got, true, err, want)
}

// noEntities puts what tenancy.Entity.Check refuses, and deletes what is not
// there.
func noEntities(ctx context.Context, s gate.Store) error {
	twice := entity("a", "1")
	twice.Properties = `{"owner":"bob"}`
	var errs []error
	for what, e := range map[string]tenancy.Entity{
		"an entity without a type":     entity("", "1"),
		"an entity without an id":      entity("a", ""),
		"a type that is too long":      entity(strings.Repeat("x", tenancy.EntityTypeLimit+1), "1"),
		"an id that is too long":       entity("a", strings.Repeat("x", tenancy.EntityIDLimit+1)),
		"an id with NUL":               entity("a", "b\x00c"),
		"an id that is no UTF-8":       entity("a", "\xff"),
		"an account":                   entity(tenancy.TypeUser, userID(1).String()),
		"a tenant":                     entity(tenancy.TypeTenant, strings.ToUpper(tenantID(1).String())),
		"an owner that is given twice": twice,
	} {
		errs = append(errs, fails(ctx, s, what, func(tx gate.Tx) error { return tx.PutEntity(e) }))
	}
	return errors.Join(append(errs, fails(ctx, s, "no such entity", func(tx gate.Tx) error {
		return tx.DeleteEntity(tenancy.EntityRef{Type: "a", ID: "1"})
	}))...)
}
