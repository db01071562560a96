package policy

import "github.com/open-policy-agent/opa/v1/types"

// fits reports whether every value of the type got is one of the type want.
// What the compiler could not tell fits: the answer itself is checked again.
func fits(got, want types.Type) bool {
	switch g := got.(type) {
	case types.Any:
		return allFit(g, want) // none: unknown
	case *types.Set:
		w, isSet := want.(*types.Set)
		return isSet && elementFits(g.Of(), w.Of())
	case *types.Array:
		w, isArray := want.(*types.Array)
		return isArray && arrayFits(g, w.Dynamic())
	case *types.Object:
		w, isObject := want.(*types.Object)
		return isObject && objectFits(g, w)
	default:
		return types.Compare(got, want) == 0
	}
}

func allFit(some types.Any, want types.Type) bool {
	for _, t := range some {
		if !fits(t, want) {
			return false
		}
	}
	return true
}

// elementFits is fits for the elements of a collection; nil: it has none.
func elementFits(got, want types.Type) bool { return got == nil || fits(got, want) }

func arrayFits(got *types.Array, element types.Type) bool {
	for i := range got.Len() {
		if !fits(got.Select(i), element) {
			return false
		}
	}
	return elementFits(got.Dynamic(), element)
}

// objectFits wants the same keys, unless the keys are known only at run time.
func objectFits(got, want *types.Object) bool {
	for _, property := range want.StaticProperties() {
		value := got.Select(property.Key)
		if value == nil || !fits(value, property.Value) {
			return false
		}
	}
	return got.DynamicProperties() != nil || len(got.StaticProperties()) == len(want.StaticProperties())
}
