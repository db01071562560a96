package policy

import (
	"reflect"
	"testing"

	"github.com/memberward/memberward/internal/gate"
)

// TestEveryFactCounts sets each field alone: a fact that was forgotten would
// be taken for nothing, and the policies would not see it.
func TestEveryFactCounts(t *testing.T) {
	target, requested := new(gate.TargetFacts), new(gate.RequestedFacts)
	if !isNobody(target) || !isNoRequest(requested) {
		t.Error("nothing is taken for something")
	}
	for _, row := range []struct {
		facts   any
		nothing func() bool
	}{
		{target, func() bool { return isNobody(target) }},
		{requested, func() bool { return isNoRequest(requested) }},
	} {
		facts := reflect.ValueOf(row.facts).Elem()
		for i := range facts.NumField() {
			field := facts.Field(i)
			field.Set(something(t, field.Type()))
			if row.nothing() {
				t.Errorf("%s is not counted", facts.Type().Field(i).Name)
			}
			field.SetZero()
		}
	}
}

// something gives a value that is not the zero one.
func something(t *testing.T, of reflect.Type) reflect.Value {
	t.Helper()
	value := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Uint8:
		value.SetUint(1)
	case reflect.Slice:
		value = reflect.MakeSlice(of, 1, 1)
	case reflect.Array:
		value.Index(0).SetUint(1)
	default:
		t.Fatalf("no value for %v", of)
	}
	return value
}
