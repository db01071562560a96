package proxytest

import (
	"net"
	"testing"
)

// Listen attends to every connection, each on a goroutine of its own, until the
// test ends, and gives host:port on loopback. Connections are closed once
// attended to.
func Listen(t testing.TB, attend func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() { // ends when the listener closes
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				attend(conn)
			}()
		}
	}()
	return listener.Addr().String()
}
