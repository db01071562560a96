//go:build race

package policy

// raceDetector says whether the tests run under the race detector. It makes
// sync.Pool, which OPA lives on, drop a part of what it is given: decisions
// then take up to a quarter more allocations, by chance.
const raceDetector = true
