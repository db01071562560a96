package app

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/memberward/memberward/internal/config"
)

func TestTheMemoryLimitFollowsWhatIsAlive(t *testing.T) {
	for _, row := range []struct {
		name string
		live uint64
		want int64
	}{
		{"nothing was collected yet", 0, memoryFloor},
		{"a million memberships", 12 << 20, memoryFloor},
		{"more is alive than the floor has room for", 100 << 20, 208 << 20},
		{"a number that cannot be", math.MaxUint64, math.MaxInt64},
	} {
		if got := limitFor(row.live); got != row.want {
			t.Errorf("%s: the limit is %d bytes, want %d", row.name, got, row.want)
		}
	}
}

func TestWhatIsAliveIsKnown(t *testing.T) {
	large := make([]byte, 32<<20)
	runtime.GC()
	if live := liveBytes(); live < uint64(len(large)) {
		t.Errorf("%d bytes are alive, want at least %d", live, len(large))
	}
	runtime.KeepAlive(large)
}

func TestTheOperatorsCollectorStays(t *testing.T) {
	limit := debug.SetMemoryLimit(-1) // reads it
	percent := debug.SetGCPercent(123)
	defer debug.SetGCPercent(percent)
	undo := setCollector(config.Environment{"GOGC": "123", "GOMEMLIMIT": "1GiB"})
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("the limit is %d, want the operator's %d", got, limit)
	}
	undo()
	undo = setCollector(config.Environment{"GOGC": "123"})
	if got := debug.SetMemoryLimit(-1); got != memoryFloor {
		t.Errorf("without an operator's limit it is %d, want %d", got, memoryFloor)
	}
	undo()
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("afterwards the limit is %d, want %d again", got, limit)
	}
	if got := debug.SetGCPercent(123); got != 123 {
		t.Errorf("the collector's percentage is %d, want the operator's 123", got)
	}
}
