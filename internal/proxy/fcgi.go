package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The part of FastCGI 1 that an authorizer needs (FastCGI Specification, 3.3,
// 5 and 6.3): one request, its parameters, one answer.
const (
	fcgiVersion    = 1
	fcgiBegin      = 1
	fcgiEnd        = 3
	fcgiParams     = 4
	fcgiStdin      = 5
	fcgiStdout     = 6
	fcgiKeep       = 1 // flag of begin: another request may follow
	fcgiAuthorizer = 2 // the role
	fcgiHead       = 8 // bytes of a record's head, and of the body of begin and end
	fcgiComplete   = 0
	fcgiUnknown    = 3 // role
)

// fcgiLimit bounds the parameters of a request, in bytes: what a head may hold
// on the other listeners.
const fcgiLimit = 64 << 10

// errRole is a request that asks for something else than authorization, and
// errParams one whose parameters cannot be read.
var (
	errRole   = errors.New("fastcgi: a role other than authorizer")
	errParams = errors.New("fastcgi: parameters that cannot be read")
)

// record is one record as it was read; content is valid until the next.
type record struct {
	kind    byte
	id      uint16
	content []byte
}

// readRecord reads a record of at most limit bytes; a longer one is errParams.
func readRecord(r io.Reader, limit int) (record, error) {
	var head [fcgiHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return record{}, fmt.Errorf("fastcgi: read a head: %w", err)
	}
	length, padding := int(binary.BigEndian.Uint16(head[4:])), int(head[6])
	if head[0] != fcgiVersion || length > limit {
		return record{}, fmt.Errorf("%w: a record of version %d and %d bytes", errParams, head[0], length)
	}
	body := make([]byte, length+padding)
	if _, err := io.ReadFull(r, body); err != nil {
		return record{}, fmt.Errorf("fastcgi: read a record: %w", err)
	}
	return record{kind: head[1], id: binary.BigEndian.Uint16(head[2:]), content: body[:length]}, nil
}

// begun is a request that has begun.
type begun struct {
	id   uint16
	keep bool // the connection is for more
}

// readBegin reads the record that begins a request. What is left of the body
// of the one before is skipped: no check has one.
func readBegin(r io.Reader, before begun) (begun, error) {
	first, err := readRecord(r, fcgiLimit)
	for err == nil && before.keep && first.kind == fcgiStdin && first.id == before.id {
		first, err = readRecord(r, fcgiLimit)
	}
	switch {
	case err != nil:
		return begun{}, err
	case first.kind != fcgiBegin || first.id == 0 || len(first.content) != fcgiHead:
		return begun{}, errors.New("fastcgi: no request begins")
	}
	request := begun{first.id, first.content[2]&fcgiKeep != 0}
	if binary.BigEndian.Uint16(first.content) != fcgiAuthorizer {
		return request, errRole
	}
	return request, nil
}

// readParams reads the parameters of a request. What is there but cannot be
// read is errParams.
func readParams(r io.Reader, id uint16) (map[string]string, error) {
	var all []byte
	for {
		next, err := readRecord(r, fcgiLimit-len(all))
		switch {
		case err != nil:
			return nil, err
		case next.kind != fcgiParams || next.id != id:
			return nil, fmt.Errorf("%w: something else among them", errParams)
		case len(next.content) == 0:
			return parseParams(all)
		}
		all = append(all, next.content...)
	}
}

// parseParams reads pairs of names and values. No name stands there twice.
func parseParams(data []byte) (map[string]string, error) {
	params := map[string]string{}
	for len(data) > 0 {
		var sizes [2]int
		for i := range sizes {
			size, used := paramSize(data)
			if used == 0 {
				return nil, fmt.Errorf("%w: one is cut off", errParams)
			}
			sizes[i], data = size, data[used:]
		}
		if sizes[0] > len(data) || sizes[1] > len(data)-sizes[0] {
			return nil, fmt.Errorf("%w: one is cut off", errParams)
		}
		name, value := string(data[:sizes[0]]), string(data[sizes[0]:sizes[0]+sizes[1]])
		if _, twice := params[name]; twice {
			return nil, fmt.Errorf("%w: one is there twice", errParams)
		}
		params[name], data = value, data[sizes[0]+sizes[1]:]
	}
	return params, nil
}

// paramSize reads a length of one or four bytes; it used none when there are
// too few.
func paramSize(data []byte) (size, used int) {
	switch {
	case len(data) == 0:
		return 0, 0
	case data[0] < 0x80:
		return int(data[0]), 1
	case len(data) < 4:
		return 0, 0
	default:
		return int(binary.BigEndian.Uint32(data) &^ (1 << 31)), 4
	}
}

// appendRecord adds a record of at most 64 KiB.
func appendRecord(b []byte, kind byte, id uint16, content []byte) []byte {
	b = append(b, fcgiVersion, kind)
	b = binary.BigEndian.AppendUint16(b, id)
	b = binary.BigEndian.AppendUint16(b, uint16(len(content)))
	return append(append(b, 0, 0), content...)
}

// appendEnd adds the record that ends a request.
func appendEnd(b []byte, id uint16, status byte) []byte {
	return appendRecord(b, fcgiEnd, id, []byte{0, 0, 0, 0, status, 0, 0, 0})
}
