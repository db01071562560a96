package boltstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"

	"github.com/memberward/memberward/internal/tenancy"
)

// What one snapshot of Changes reads at most: commits, or effects when the
// commits are large. A commit is always read whole.
const (
	commitsPerRead = 256
	effectsPerRead = 4 * effectsPerPart
)

// Changes gives every committed change after a revision, once, in order, up to
// the revision of the store when the iteration begins. A change that no audit
// record came with has neither time, action nor decision. It keeps no
// transaction open while its caller works. An error ends it: those of
// [Store.View], invalid when the log begins only after a later revision (the
// state of that one is to be read first), and conflict when the store has not
// reached the revision, as after an older copy of it was restored.
func (s *Store) Changes(ctx context.Context, after tenancy.Revision) iter.Seq2[tenancy.Commit, error] {
	return func(yield func(tenancy.Commit, error) bool) {
		last, err := s.logReaches(ctx, after)
		for err == nil && after < last {
			var some []tenancy.Commit
			if some, err = s.readChanges(ctx, after, last); err != nil {
				break
			}
			for _, c := range some {
				if !yield(c, nil) {
					return
				}
			}
			after = some[len(some)-1].Revision
		}
		if err != nil {
			yield(tenancy.Commit{}, err)
		}
	}
}

// ChangesBegin is the revision after which the change log begins: not zero for
// a store that was made before there was one.
func (r *reader) ChangesBegin() (tenancy.Revision, error) {
	return required(r.from, metaLog, decodeLogBegin)
}

// logReaches gives the last revision, if the log tells of all changes between
// after and it.
func (s *Store) logReaches(ctx context.Context, after tenancy.Revision) (last tenancy.Revision, err error) {
	err = s.view(ctx, func(r *reader) error {
		last = r.revision
		begin, err := r.ChangesBegin()
		switch {
		case err != nil:
			return err
		case after < begin:
			msg := fmt.Sprintf("the change log begins after revision %d; read the state of that revision or a later one first", begin)
			return &tenancy.Error{Code: tenancy.CodeInvalid, Msg: msg}
		case after > last:
			return &tenancy.Error{Code: tenancy.CodeConflict, Msg: fmt.Sprintf("the store is at revision %d and has not reached %d", last, after)}
		}
		return nil
	})
	return last, err
}

// readChanges reads the commits after a revision, at least one and at most
// those up to last, in a snapshot of their own.
func (s *Store) readChanges(ctx context.Context, after, last tenancy.Revision) (some []tenancy.Commit, err error) {
	err = s.view(ctx, func(r *reader) error {
		effects := 0
		for len(some) < commitsPerRead && effects < effectsPerRead && after < last {
			after++
			c, err := r.commit(after)
			if err != nil {
				return err
			}
			some = append(some, c)
			effects += len(c.Effects)
		}
		return nil
	})
	return some, err
}

// commit reads one commit with all its parts.
func (r *reader) commit(at tenancy.Revision) (tenancy.Commit, error) {
	c := tenancy.Commit{}
	var total, parts uint64
	err := r.from.scan(bucketChanges, binary.BigEndian.AppendUint64(nil, uint64(at)), nil, func(key, frame []byte) (bool, error) {
		p, err := decode(bucketChanges, key, frame, decodePart)
		if err != nil {
			return false, err
		}
		if len(key) != 12 || uint64(binary.BigEndian.Uint32(key[8:])) != parts || p.first != (parts == 0) {
			return false, damaged("a part of change %d is out of place", at)
		}
		if p.first {
			c, total = p.commit, p.total
		}
		for _, f := range p.held {
			c.Effects = append(c.Effects, f.Effect)
		}
		parts++
		return parts <= math.MaxUint32, nil
	})
	if err == nil && (parts == 0 || uint64(len(c.Effects)) != total) {
		err = damaged("change %d is missing, or parts of it", at)
	}
	c.Revision = at
	return c, err
}

// ChangesOf lists the changes that touched a tenant or its memberships, as far
// back as the log goes.
func (r *reader) ChangesOf(tenant tenancy.TenantID, after tenancy.Revision, limit int) ([]tenancy.Commit, error) {
	return list(r.from, bucketTenantChanges, tenant[:], tenantSeq(tenant, uint64(after)), limit, func(key, frame []byte) (tenancy.Commit, error) {
		at, err := seqOf(bucketTenantChanges, key, frame)
		if err != nil {
			return tenancy.Commit{}, err
		}
		return r.commit(tenancy.Revision(at))
	})
}
