// Package api is the HTTP shell around the dialects: one engine that limits
// and reads bodies, names requests, authenticates, bounds time, logs, and
// turns what a handler returns into an answer. The published APIs stand in
// folders below it; each describes itself as a [Dialect] and keeps its own
// shapes. The order of one request is that of contracts/README.md, rule 1.
package api
