// Package cognee serves cognee's permissions API: its routes, its shapes, and
// for each operation an ordered table from finding to status and body
// (contracts/cognee.md). It decides nothing: who may do what is the gate's
// and the policies' business.
package cognee
