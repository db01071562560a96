package boltstore_test

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// carrying adds to a change what it leaves beside its state.
type carrying struct {
	name            string
	record, receipt bool
	input           int // bytes
}

func (c carrying) change(n uint64) func(gate.Tx) error {
	id := tenancy.DecisionID{6: 0x70, 8: 0x80}
	binary.BigEndian.PutUint64(id[8:], n|1<<63)
	input := make([]byte, c.input)
	return func(tx gate.Tx) error {
		if err := tx.PutMembership(membership(n%16, n)); err != nil || !c.record {
			return err
		}
		r := decision(id.String())
		r.Tenant, r.Input = tenancy.TenantID(number(n%16)).String(), input
		if err := tx.Record(r); err != nil || !c.receipt {
			return err
		}
		kept := tenancy.Receipt{At: time.Unix(1e9, int64(n)*1000), Outcome: tenancy.Outcome{DecisionID: id, Result: tenancy.Member{Membership: membership(n%16, n)}}}
		binary.BigEndian.PutUint64(kept.ID[:], n*0x9E3779B97F4A7C15) // digests are spread
		return tx.PutReceipt(kept)
	}
}

// BenchmarkUpdateCarrying says what a change costs with all that it leaves
// behind, at 64 writers: the change log alone, with the audit record and its
// index, with the input of its decision, with a receipt.
func BenchmarkUpdateCarrying(b *testing.B) {
	for _, c := range []carrying{
		{name: "log"},
		{name: "log+audit", record: true},
		{name: "log+audit+input", record: true, input: 1000},
		{name: "log+audit+input+receipt", record: true, input: 1000, receipt: true},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := open(b, boltstore.Options{})
			var n atomic.Uint64
			b.SetParallelism(32)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Update(b.Context(), c.change(n.Add(1))); err != nil {
						b.Error(err)
					}
				}
			})
			if commits := s.Stats().Commits; commits > 0 {
				b.ReportMetric(float64(s.Stats().Changes)/float64(commits), "changes/commit")
			}
		})
	}
}

// size gives the bytes of a copy of the store: all pages that it ever used.
func size(b *testing.B, s *boltstore.Store) (bytes float64) {
	b.Helper()
	_, err := s.Backup(context.Background(), writer(func(data []byte) (int, error) {
		bytes += float64(len(data))
		return len(data), nil
	}))
	if err != nil {
		b.Fatal(err)
	}
	return bytes
}

// writing writes with 16 writers until stop is called.
func writing(b *testing.B, s *boltstore.Store, n *atomic.Uint64) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for ctx.Err() == nil {
				if _, err := s.Update(ctx, carrying{record: true, input: 1000}.change(n.Add(1))); err != nil && ctx.Err() == nil {
					b.Error(err)
				}
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// pace gives how many changes a second are made while something runs.
func pace(s *boltstore.Store, run func()) float64 {
	before, began := s.Stats().Changes, time.Now()
	run()
	return float64(s.Stats().Changes-before) / time.Since(began).Seconds()
}

// BenchmarkBackupUnderLoad compares, in one run, a backup under load with a
// plain copy of the file, and the writes beside it with those just before it.
func BenchmarkBackupUnderLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store.db")
	s := openAt(b, path, boltstore.Options{})
	for first := uint64(0); first < 200_000; first += 10_000 {
		_, err := s.Update(b.Context(), func(tx gate.Tx) error {
			for u := first; u < first+10_000; u++ {
				if err := tx.PutMembership(membership(u%100, u)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var n atomic.Uint64
	n.Store(1 << 30)
	before := size(b, s)
	began := time.Now()
	from, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	to, err := os.Create(filepath.Join(b.TempDir(), "copy.db"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(struct{ io.Writer }{to}, io.LimitReader(from, int64(before))); err != nil {
		b.Fatal(err)
	}
	plain := time.Since(began)
	_, _ = from.Close(), to.Close()
	var alone, beside, backups float64
	var took time.Duration
	stop := writing(b, s, &n)
	defer stop()
	for b.Loop() {
		alone += pace(s, func() { time.Sleep(500 * time.Millisecond) })
		beside += pace(s, func() {
			began := time.Now()
			if _, err := s.Backup(b.Context(), io.Discard); err != nil {
				b.Error(err)
			}
			took += time.Since(began)
		})
		backups++
	}
	b.ReportMetric(before/1e6, "MB")
	b.ReportMetric(took.Seconds()/backups/plain.Seconds(), "times-a-copy")
	b.ReportMetric(alone/beside, "times-slower-writes")
}
