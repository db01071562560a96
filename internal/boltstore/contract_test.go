package boltstore_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/storetest"
)

// open opens a store in a new folder; at the end of the test it must be whole.
func open(t testing.TB, opts boltstore.Options) *boltstore.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "store.db"), opts)
}

func openAt(t testing.TB, path string, opts boltstore.Options) *boltstore.Store {
	t.Helper()
	opts.Clock = time.Now
	s, err := boltstore.Open(path, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// whole checks that records, indexes, counters and the audit chain agree.
func whole(t testing.TB, s *boltstore.Store) boltstore.Report {
	t.Helper()
	report, err := s.Verify(context.Background())
	if err != nil {
		t.Errorf("Verify: %v", err)
	}
	for _, f := range report.Faults {
		t.Errorf("Verify found %s", f)
	}
	return report
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) gate.Store {
		s := open(t, boltstore.Options{InitialMapSize: 1 << 20})
		t.Cleanup(func() { whole(t, s) })
		return s
	})
}

func TestContractWithOneSyncForEachWrite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) gate.Store {
		s := open(t, boltstore.Options{MaxBatch: 1, InitialMapSize: 1 << 20})
		t.Cleanup(func() { whole(t, s) })
		return s
	})
}
