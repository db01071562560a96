package policy

import (
	"runtime"
	"testing"
	"time"
	"weak"
)

// The garbage collector walks whatever a set keeps, and every check pays for
// it: what was read to load the set, with its tests, is not to stay.
func TestASetKeepsNothingOfItsLoading(t *testing.T) {
	l, err := begin(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	loading := weak.Make(l)
	set := l.verify(t.Context(), Options{TimeLimit: DefaultTimeLimit, Clock: time.Now})
	if len(l.problems) > 0 {
		t.Fatal(l.problems)
	}
	l = nil
	for range 5 {
		runtime.GC()
	}
	if loading.Value() != nil {
		t.Error("the set keeps everything that it was loaded from")
	}
	runtime.KeepAlive(set)
}
