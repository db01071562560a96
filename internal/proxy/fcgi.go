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
	fcgiStdout     = 6
	fcgiAuthorizer = 2 // the role
	fcgiHead       = 8 // bytes of a record's head, and of the body of begin and end
	fcgiComplete   = 0
	fcgiUnknown    = 3 // role
)

// fcgiLimit bounds the parameters of a request, in bytes: what a head may hold
// on the other listeners.
const fcgiLimit = 64 << 10

// errRole is a request that asks for something else than authorization.
var errRole = errors.New("fastcgi: a role other than authorizer")

// record is one record as it was read; content is valid until the next.
type record struct {
	kind    byte
	id      uint16
	content []byte
}

// readRecord reads a record of at most limit bytes.
func readRecord(r io.Reader, limit int) (record, error) {
	var head [fcgiHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return record{}, fmt.Errorf("fastcgi: read a head: %w", err)
	}
	length, padding := int(binary.BigEndian.Uint16(head[4:])), int(head[6])
	if head[0] != fcgiVersion || length > limit {
		return record{}, fmt.Errorf("fastcgi: a record of version %d and %d bytes", head[0], length)
	}
	body := make([]byte, length+padding)
	if _, err := io.ReadFull(r, body); err != nil {
		return record{}, fmt.Errorf("fastcgi: read a record: %w", err)
	}
	return record{kind: head[1], id: binary.BigEndian.Uint16(head[2:]), content: body[:length]}, nil
}

// readParams reads one request: its id and its parameters. The id is known,
// too, when the error is errRole.
func readParams(r io.Reader) (id uint16, params map[string]string, err error) {
	begin, err := readRecord(r, fcgiHead)
	switch {
	case err != nil:
		return 0, nil, err
	case begin.kind != fcgiBegin || begin.id == 0 || len(begin.content) != fcgiHead:
		return 0, nil, errors.New("fastcgi: no request begins")
	case binary.BigEndian.Uint16(begin.content) != fcgiAuthorizer:
		return begin.id, nil, errRole
	}
	var all []byte
	for {
		next, err := readRecord(r, fcgiLimit-len(all))
		switch {
		case err != nil:
			return 0, nil, err
		case next.kind != fcgiParams || next.id != begin.id:
			return 0, nil, errors.New("fastcgi: something else among the parameters")
		case len(next.content) == 0:
			params, err = parseParams(all)
			return begin.id, params, err
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
				return nil, errors.New("fastcgi: a parameter is cut off")
			}
			sizes[i], data = size, data[used:]
		}
		if sizes[0] > len(data) || sizes[1] > len(data)-sizes[0] {
			return nil, errors.New("fastcgi: a parameter is cut off")
		}
		name, value := string(data[:sizes[0]]), string(data[sizes[0]:sizes[0]+sizes[1]])
		if _, twice := params[name]; twice {
			return nil, errors.New("fastcgi: a parameter is there twice")
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
