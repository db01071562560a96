package boltstore_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func number(n uint64) (id [16]byte) {
	binary.BigEndian.PutUint64(id[8:], n+1)
	return id
}

func membership(t, u uint64) tenancy.Membership {
	return tenancy.Membership{
		Tenant: number(t), User: number(u), Level: tenancy.LevelAdmin, Enabled: true, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(2, 0),
	}
}

func decision(id string) audit.Record {
	return audit.Record{ID: id, Time: time.Unix(1, 0).UTC(), Actor: "platform", Action: "member.add", DecisionID: id, Verdict: audit.Allowed}
}

// addMember is the shape of a decided, audited change.
func addMember(t, u uint64) func(gate.Tx) error {
	return func(tx gate.Tx) error {
		if _, err := tx.Counters(number(t)); err != nil {
			return err
		}
		if err := tx.PutMembership(membership(t, u)); err != nil {
			return err
		}
		return tx.Record(decision("d"))
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 64} {
		for _, batch := range []int{1, 256} {
			b.Run(fmt.Sprintf("writers=%d/batch=%d", writers, batch), func(b *testing.B) {
				s := open(b, boltstore.Options{MaxBatch: batch})
				var n atomic.Uint64
				b.SetParallelism((writers + 1) / 2)
				b.ReportAllocs()
				run := func() error {
					u := n.Add(1)
					_, err := s.Update(b.Context(), addMember(u%16, u))
					return err
				}
				if writers == 1 {
					for b.Loop() {
						if err := run(); err != nil {
							b.Fatal(err)
						}
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := run(); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}

func BenchmarkView(b *testing.B) {
	s := open(b, boltstore.Options{})
	const tenants, users = 10, 1000
	_, err := s.Update(b.Context(), func(tx gate.Tx) error {
		for i := range uint64(tenants * users) {
			if err := tx.PutMembership(membership(i/users, 1+i%users)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var u uint64
	for b.Loop() {
		u = (u + 7) % users
		err := s.View(b.Context(), func(r gate.Reader) error {
			_, found, err := r.Membership(number(3), number(1+u))
			if !found {
				b.Fatalf("member %d is missing", 1+u)
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen checks every page and every record of 100,000 memberships.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store.db")
	s := openAt(b, path, boltstore.Options{})
	const members = 100_000
	_, err := s.Update(b.Context(), func(tx gate.Tx) error {
		for i := range uint64(members) {
			if err := tx.PutMembership(membership(i%100, i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := boltstore.Open(path, boltstore.Options{Clock: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
