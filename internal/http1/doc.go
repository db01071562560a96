// Package http1 serves HTTP/1.1 to reverse proxies: many small requests on
// connections that they keep, each without a body that anybody reads. The
// requests are read by net/http's parser and answered by a [http.Handler]; what
// differs from net/http's own server is what stands around the handler
// (docs/adr/0011).
//
//   - Nobody listens on the connection while a request is answered. net/http has
//     a goroutine for that, to tell the handler when the client has gone; waking
//     it costs more than a check does.
//   - A body that was announced is never waited for. The connection ends with the
//     answer, so that nothing behind the head is ever taken for a request.
//   - What cannot be read is refused by words of the handler's owner, not by
//     statuses and texts of the server's own.
package http1
