package proxy

import (
	"net/http"
	"time"
)

// drainTime is how long a connection is kept for a body that nobody reads, so
// that closing it does not destroy the answer on its way.
const drainTime = 250 * time.Millisecond

// leaveBody makes it safe to answer without reading a body that was announced.
//
// nginx may announce a length and send nothing. net/http waits for such a body
// before it sends the head; with EnableFullDuplex it sends the head, but then
// takes the connection's next request for the body, and what comes after that
// for a request: an announced length would decide where somebody else's
// request begins. So the connection ends with this answer. Bytes that arrive
// within drainTime are thrown away, never parsed.
func (h *Handler) leaveBody(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	w.Header().Set("Connection", "close")
	// A writer without deadlines is none of net/http's own: the server's
	// ReadTimeout ends the connection then.
	_ = http.NewResponseController(w).SetReadDeadline(h.ports.Clock().Add(drainTime))
}
