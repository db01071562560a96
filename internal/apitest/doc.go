// Package apitest is the stage on which the published APIs are tested: a cast
// of people and tenants over the real gate, store, rules and authentication,
// behind a real server, and the transcripts that are played on it.
package apitest
