// Package cogniac serves the tenants API of Cogniac to its own clients
// (contracts/cogniac.md): it decodes, asks the gate and encodes, and decides
// nothing.
package cogniac
