package proxy

import (
	"log/slog"
	"net/http"
)

// ReasonUnread refuses what the HTTP server itself could not read.
const ReasonUnread Reason = "the request is malformed, too long, or expects what there is not"

// Refuse answers what the server could not read like any other request that is
// malformed: statuses of other kinds are 500 to nginx, and go to the browser
// elsewhere.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request) {
	id := h.ports.NewID()
	h.ports.Log.LogAttrs(r.Context(), slog.LevelInfo, denied,
		slog.String("decision_id", id.String()), slog.String("peer", r.RemoteAddr), slog.String("reason", string(ReasonUnread)))
	denial(http.StatusForbidden, "*", id).write(w)
}
