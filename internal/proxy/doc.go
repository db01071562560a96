// Package proxy answers the checks of reverse proxies: it reads the headers
// that one kind of proxy sends, brings the original request into its one
// canonical form, maps it to a question, asks, and answers with a status and
// identity headers. What is ambiguous is refused, never guessed
// (contracts/proxy.md).
//
// Each protocol is one small file and one line in the table protocols. The
// package is plain net/http: no framework routes, redirects or normalises
// what it judges.
package proxy
