// Package native is Memberward's own API: REST over JSON under /v1, described
// by an OpenAPI 3.1 document (contracts/native.md). Its operations go through
// huma, which describes and validates them; /v1/check, the fast path, is plain
// Gin and described by hand. Every error is a problem of RFC 9457.
package native
