package main

import "fmt"

// result is one figure, and what was promised of it.
type result struct {
	name  string
	value float64
	unit  string // after the value; empty: a ratio
	bound bound
	note  string
}

// bound is what a figure must reach, or stay within. The zero value promises
// nothing.
type bound struct {
	least, most float64 // 0: none
}

func atLeast(v float64) bound { return bound{least: v} }
func atMost(v float64) bound  { return bound{most: v} }

// holds reports whether a value keeps the promise.
func (b bound) holds(value float64) bool {
	return (b.least == 0 || value >= b.least) && (b.most == 0 || value <= b.most)
}

// verdict says in four letters what came of the promise.
func (r result) verdict() string {
	switch {
	case r.bound == bound{}:
		return "    "
	case r.bound.holds(r.value):
		return "ok  "
	default:
		return "FAIL"
	}
}

func (r result) String() string {
	unit, promise := r.unit, ""
	if unit == "" {
		unit = "x"
	}
	switch {
	case r.bound.least > 0:
		promise = fmt.Sprintf("(at least %.2f)", r.bound.least)
	case r.bound.most > 0:
		promise = fmt.Sprintf("(at most %.4g)", r.bound.most)
	}
	return fmt.Sprintf("%s  %-48s %8.2f %-3s %-15s  %s", r.verdict(), r.name, r.value, unit, promise, r.note)
}

// report prints the results and counts those that break their promise.
func report(results []result) (failed int) {
	for _, r := range results {
		fmt.Println(r)
		if !r.bound.holds(r.value) {
			failed++
		}
	}
	return failed
}
