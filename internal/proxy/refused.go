package proxy

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
)

// ReasonUnread refuses what the HTTP server itself could not read.
const ReasonUnread Reason = "the request is malformed, too long, or expects what there is not"

// Listen gives a listener for the server that runs this handler. net/http
// refuses what it cannot read before any handler sees it, by statuses and
// bodies of its own, which nginx turns into 500 and others hand to the browser.
// Over this listener such a request is denied like any other that is malformed.
func (h *Handler) Listen(l net.Listener) net.Listener { return &listener{l, h} }

type listener struct {
	net.Listener
	handler *Handler
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &served{conn, l.handler}, nil
}

// served is a connection on which net/http answers.
type served struct {
	net.Conn
	handler *Handler
}

// Write implements net.Conn. net/http writes each of its refusals at once.
func (s *served) Write(data []byte) (int, error) {
	if !isRefusal(data) {
		return s.Conn.Write(data)
	}
	if _, err := s.Conn.Write(s.handler.refusal(s.RemoteAddr())); err != nil {
		return 0, err
	}
	return len(data), nil
}

// CloseWrite lets net/http end an answer before it closes the connection, so
// that what the other side still sends does not destroy it.
func (s *served) CloseWrite() error {
	half, can := s.Conn.(interface{ CloseWrite() error })
	if !can {
		return s.Conn.Close()
	}
	return half.CloseWrite()
}

// isRefusal recognises the head of an error that is none of ours: all of those
// say that nobody may keep them.
func isRefusal(data []byte) bool {
	fails := bytes.HasPrefix(data, []byte("HTTP/1.1 4")) || bytes.HasPrefix(data, []byte("HTTP/1.1 5"))
	return fails && !bytes.Contains(data, []byte("\r\nCache-Control: no-store\r\n"))
}

// refusal is the denial that stands in place of one, after which net/http
// closes the connection.
func (h *Handler) refusal(peer net.Addr) []byte {
	id := h.ports.NewID()
	h.ports.Log.LogAttrs(context.Background(), slog.LevelInfo, denied,
		slog.String("decision_id", id.String()), slog.String("peer", peer.String()), slog.String("reason", string(ReasonUnread)))
	text := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: 0\r\nCache-Control: no-store\r\n",
		http.StatusForbidden, http.StatusText(http.StatusForbidden))
	for _, f := range denial(http.StatusForbidden, "*", id).fields {
		text = fmt.Appendf(text, "%s: %s\r\n", f.name, f.value)
	}
	return append(text, "\r\n"...)
}
