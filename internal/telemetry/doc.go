// Package telemetry is what operators see: logs, metrics, and the handler of
// the ops listener that serves them together with liveness and readiness.
// Metrics carry no tenant, no user and no path, and every label has a bounded
// set of values.
package telemetry
