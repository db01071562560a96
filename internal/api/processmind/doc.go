// Package processmind serves ProcessMind's tenant API: its routes, its shapes,
// and an ordered table from finding to status and body
// (contracts/processmind.md). It decides nothing: who may do what is the
// gate's and the policies' business.
package processmind
