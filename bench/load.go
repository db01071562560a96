package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// target is a question put to a server, and what every answer must hold.
type target struct {
	address string
	path    string
	key     string
	body    string
	want    string
}

// once asks once and gives the body of the answer.
func (t target) once() (string, error) {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return t.ask(conn, bufio.NewReader(conn))
}

// rate asks over a number of connections for a while and gives the verified
// answers per second.
func (t target) rate(ctx context.Context, connections int, window time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	var done atomic.Int64
	errs := make([]error, connections)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range connections {
		wg.Go(func() { errs[i] = t.askOn(ctx, &done) })
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}

func (t target) askOn(ctx context.Context, done *atomic.Int64) error {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for ctx.Err() == nil {
		if _, err := t.ask(conn, reader); err != nil {
			return err
		}
		done.Add(1)
	}
	return nil
}

// ask sends one request and reads its answer on a kept connection.
func (t target) ask(conn net.Conn, reader *bufio.Reader) (string, error) {
	_, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: bench\r\nX-Api-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		t.path, t.key, len(t.body), t.body)
	if err != nil {
		return "", err
	}
	res, err := http.ReadResponse(reader, nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK || !strings.Contains(string(body), t.want) {
		return "", fmt.Errorf("answer %d: %s", res.StatusCode, body)
	}
	return string(body), nil
}
