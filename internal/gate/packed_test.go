package gate

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/tenancy"
)

// fill gives a value something of its own in every field, however deep, or, by
// chance, nothing.
func fill(random *rand.Rand, v reflect.Value, always bool) {
	if !always && random.IntN(3) == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(strings.Repeat("é\xff", random.IntN(100)) + string(rune('a'+random.IntN(26))))
	case reflect.Int64:
		v.SetInt(random.Int64() - random.Int64())
	case reflect.Uint64:
		v.SetUint(random.Uint64())
	case reflect.Uint8:
		v.SetUint(uint64(1 + random.IntN(255)))
	case reflect.Array:
		for i := range v.Len() {
			fill(random, v.Index(i), true)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), random.IntN(4), 4))
		for i := range v.Len() {
			fill(random, v.Index(i), always)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range random.IntN(4) {
			name, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(random, name, true)
			fill(random, value, always)
			v.SetMapIndex(name, value)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.UnixMicro(random.Int64N(1 << 52)).UTC()))
			return
		}
		for i := range v.NumField() {
			switch v.Type().Field(i).Name {
			case "Context", "Result": // is kept as it is, is not kept
			default:
				fill(random, v.Field(i), always)
			}
		}
	default:
		panic("how is a " + v.Type().String() + " packed?")
	}
}

// TestWhatIsPackedComesBack whatever a decision holds: a field of it that the
// packer does not know is missed here.
func TestWhatIsPackedComesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 500 {
		want := kept{kind: tenancy.DecisionDryRun, target: strings.Repeat("t", i)}
		fill(random, reflect.ValueOf(&want.outcome).Elem(), i%2 == 0)
		fill(random, reflect.ValueOf(&want.in).Elem(), i%2 == 0)
		want.actor = tenancy.Actor{User: want.in.Actor.User, Platform: i%3 == 0, Registering: i%5 == 0, Operator: i%7 == 0, Delegated: i%11 == 0}
		var writing packer
		writing.decision(&want.outcome, &want.kind, &want.actor, &want.target, &want.in)
		if decisionOf(writing.block) != want.outcome.DecisionID {
			t.Fatalf("decision %d: its id does not come first", i)
		}
		var got kept
		reading := packer{block: writing.block, reading: true}
		reading.decision(&got.outcome, &got.kind, &got.actor, &got.target, &got.in)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(kept{})); diff != "" || len(reading.block) > 0 {
			t.Fatalf("decision %d (-packed +unpacked), %d bytes left:\n%s", i, len(reading.block), diff)
		}
	}
}

// TestAForgottenFieldIsNoticed: no field of an input may be left to the zero
// value. Each is set alone, and has to make another block.
func TestAForgottenFieldIsNoticed(t *testing.T) {
	block := func(in Input) string {
		var p packer
		p.input(&in)
		return string(p.block)
	}
	nothing, random := block(Input{}), rand.New(rand.NewPCG(2, 2))
	var each func(path string, at func(*Input) reflect.Value)
	each = func(path string, at func(*Input) reflect.Value) {
		var in Input
		v := at(&in)
		if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]() {
			for i := range v.NumField() {
				each(path+"."+v.Type().Field(i).Name, func(in *Input) reflect.Value { return at(in).Field(i) })
			}
			return
		}
		if path == ".Context" {
			return
		}
		for v.IsZero() {
			fill(random, v, true)
		}
		if block(in) == nothing {
			t.Errorf("%s is not packed", path)
		}
	}
	each("", func(in *Input) reflect.Value { return reflect.ValueOf(in).Elem() })
}

// TestTheRingGivesBackWhatItWasGiven, after others took their turns in the same
// places, larger and smaller ones.
func TestTheRingGivesBackWhatItWasGiven(t *testing.T) {
	r, random := newRing(), rand.New(rand.NewPCG(3, 3))
	given := map[tenancy.DecisionID]Input{}
	for n := range uint32(ringLimit + 3000) {
		m := matterOf(n)
		fill(random, reflect.ValueOf(&m.in).Elem(), false)
		if n%10 == 0 {
			m.in.Context = map[string]any{"n": float64(n)}
		}
		r.remember(tenancy.DecisionCheck, m, n%2 == 0)
		given[m.outcome.DecisionID] = m.in
	}
	size, compared := 0, 0
	for id, written := range r.slots {
		size += weigh(r.queue(written.allow).at(written.at)) + r.contexts[id].size
		k, _ := r.find(id)
		if want := given[id]; !reflect.DeepEqual(k.in, want) {
			t.Fatalf("got %+v, want %+v", k.in, want)
		}
		compared++
	}
	if compared < ringLimit/2 || size != r.size || r.size > ringBytes {
		t.Errorf("%d were compared; the ring weighs %d, its decisions %d", compared, r.size, size)
	}
	if with := len(r.contexts); with == 0 || with > compared {
		t.Errorf("%d of %d decisions have a context", with, compared)
	}
}
