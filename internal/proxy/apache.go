package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/memberward/memberward/internal/http1"
)

// apache is how Apache's mod_authnz_fcgi asks. It sends the variables of CGI,
// which are read into the headers that the others send.
var apache = protocol{
	name:     "fcgi",
	endpoint: "fcgi",
	control:  forward.control,
	read:     readForward,
}

// apacheControl gives the variable that each control header is made of. What
// the client sent under these names is dropped.
var apacheControl = map[string]string{
	forwardedMethod: "REQUEST_METHOD", forwardedProto: "REQUEST_SCHEME", forwardedHost: "HTTP_HOST", forwardedURI: "REQUEST_URI",
	forwardedFor: "REMOTE_ADDR",
}

// authorizerTime is how long one check may take, and how long a connection is
// kept for the next: Apache opens one for each check and sends at once.
const authorizerTime = 10 * time.Second

// ServeAuthorizer answers the checks of one FastCGI connection, which carries
// one, or several where the server wants to keep it. A check that cannot be
// read is denied. Whatever is no check gets no answer, which Apache turns into
// 500.
func (h *Handler) ServeAuthorizer(ctx context.Context, conn net.Conn) error {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var last begun
	for {
		if err := conn.SetDeadline(h.ports.Clock().Add(authorizerTime)); err != nil {
			return err
		}
		next, err := readBegin(conn, last)
		if err == nil {
			err = h.authorize(ctx, conn, next)
		}
		if errors.Is(err, errRole) {
			_, err = conn.Write(appendEnd(nil, next.id, fcgiUnknown))
		}
		if err != nil || !next.keep {
			http1.Leave(conn, h.ports.Clock()) // an empty body may follow
			return err
		}
		last = next
	}
}

// authorize answers one check that has begun.
func (h *Handler) authorize(ctx context.Context, conn net.Conn, asked begun) error {
	params, unread := readParams(conn, asked.id)
	if unread != nil && !errors.Is(unread, errParams) {
		return unread // it never came, or not whole
	}
	r := (&http.Request{Method: http.MethodHead, Header: headerOf(params), RemoteAddr: conn.RemoteAddr().String()}).
		WithContext(context.WithValue(ctx, http.LocalAddrContextKey, conn.LocalAddr()))
	text := h.judge(h.authorizer, r).script() // without parameters: a denial
	_, err := conn.Write(appendEnd(appendRecord(nil, fcgiStdout, asked.id, text), asked.id, fcgiComplete))
	return errors.Join(unread, err)
}

// headerOf gives the headers of a request from the variables of CGI.
func headerOf(params map[string]string) http.Header {
	h := http.Header{}
	for name, value := range params {
		if rest, ok := strings.CutPrefix(name, "HTTP_"); ok && rest != "HOST" {
			header := http.CanonicalHeaderKey(strings.ReplaceAll(rest, "_", "-"))
			h[header] = append(h[header], value) // HTTP_X-API-KEY is X-Api-Key for a second time
		}
	}
	for name, variable := range apacheControl {
		delete(h, name)
		if value, ok := params[variable]; ok {
			h[name] = []string{value}
		}
	}
	return h
}

// script is the answer as a script gives it. Of an allow, the identity goes
// into variables, and the decision also to the client.
func (a answer) script() []byte {
	text := fmt.Appendf(nil, "Status: %d\r\n", a.code())
	for _, f := range a.fields {
		switch {
		case a.status != http.StatusOK:
			text = fmt.Appendf(text, "%s: %s\r\n", f.name, f.value)
		case f.name != "Vary":
			text = fmt.Appendf(text, "Variable-%s: %s\r\n", strings.ToUpper(strings.ReplaceAll(f.name, "-", "_")), f.value)
		}
	}
	if a.status != http.StatusOK {
		text = append(text, "Cache-Control: no-store\r\n"...)
	}
	return append(text, "\r\n"...)
}
