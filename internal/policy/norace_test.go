//go:build !race

package policy

// raceDetector says whether the tests run under the race detector; see
// race_test.go.
const raceDetector = false
