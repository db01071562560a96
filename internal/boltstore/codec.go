package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"
)

// A frame is a format version (1 byte), a CRC-32C (4 bytes, little-endian) and
// the payload. The checksum covers the bucket's name, the key, the version and
// the payload, and starts from the key's length: a record that was altered, or
// copied to another key or bucket, does not pass.
const frameHeader = 5

// recordLimit is the longest payload, in bytes. The longest that the API can
// make is a few thousand.
const recordLimit = 1 << 20

// keyLimit is the longest key, in bytes: an e-mail address has at most 254.
const keyLimit = 1024

// errDamaged marks whatever cannot have been written by this program.
var errDamaged = errors.New("the store is damaged")

func checksum(b bucket, key []byte, version, payload []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once by the library
	sum := crc32.Update(uint32(len(key)), table, bucketNames[b])
	sum = crc32.Update(sum, table, key)
	sum = crc32.Update(sum, table, version)
	return crc32.Update(sum, table, payload)
}

func checksumOf(frame []byte) uint32 { return binary.LittleEndian.Uint32(frame[1:frameHeader]) }

// unframe checks a frame and gives its version and its payload, which is a
// part of the frame.
func unframe(b bucket, key, frame []byte) (version byte, payload []byte, err error) {
	if len(frame) < frameHeader {
		return 0, nil, fmt.Errorf("%w: record %s %s is cut off", errDamaged, b, keyName(b, key))
	}
	if checksum(b, key, frame[:1], frame[frameHeader:]) != checksumOf(frame) {
		return 0, nil, fmt.Errorf("%w: record %s %s does not match its checksum", errDamaged, b, keyName(b, key))
	}
	return frame[0], frame[frameHeader:], nil
}

// encoder builds a frame. Its methods append; seal finishes.
type encoder struct{ buf []byte }

func newEncoder(version byte, size int) *encoder {
	e := &encoder{buf: make([]byte, frameHeader, frameHeader+size)}
	e.buf[0] = version
	return e
}

// seal writes the checksum and gives the finished frame.
func (e *encoder) seal(b bucket, key []byte) []byte {
	sum := checksum(b, key, e.buf[:1], e.buf[frameHeader:])
	binary.LittleEndian.PutUint32(e.buf[1:frameHeader], sum)
	return e.buf
}

func (e *encoder) byte(v byte)     { e.buf = append(e.buf, v) }
func (e *encoder) raw(v []byte)    { e.buf = append(e.buf, v...) }
func (e *encoder) uint(v uint64)   { e.buf = binary.AppendUvarint(e.buf, v) }
func (e *encoder) int(v int64)     { e.buf = binary.AppendVarint(e.buf, v) }
func (e *encoder) fixed(v uint64)  { e.buf = binary.LittleEndian.AppendUint64(e.buf, v) }
func (e *encoder) string(v string) { e.uint(uint64(len(v))); e.buf = append(e.buf, v...) }

func (e *encoder) time(v time.Time) { e.int(micros(v)) }

// micros gives microseconds since 1970, and 0 for the zero time. The first
// microsecond of 1970 is written as the second one, so that a time that is set
// never reads as absent.
func micros(v time.Time) int64 {
	switch micro := v.UnixMicro(); {
	case v.IsZero():
		return 0
	case micro == 0:
		return 1
	default:
		return micro
	}
}

// flags packs up to eight booleans, the first into the lowest bit.
func (e *encoder) flags(set ...bool) {
	var v byte
	for i, on := range set {
		if on {
			v |= 1 << i
		}
	}
	e.byte(v)
}

// encodeStrings writes a list of texts, decodeStrings reads one.
func encodeStrings[T ~string](e *encoder, list []T) {
	e.uint(uint64(len(list)))
	for _, v := range list {
		e.string(string(v))
	}
}

func decodeStrings[T ~string](d *decoder) (list []T) {
	for n := d.count(); n > 0 && d.err == nil; n-- {
		list = append(list, T(d.string()))
	}
	return list
}

// encodeIDs writes a list of ids, decodeIDs reads one.
func encodeIDs[T ~[16]byte](e *encoder, list []T) {
	e.uint(uint64(len(list)))
	for _, id := range list {
		raw := [16]byte(id)
		e.raw(raw[:])
	}
}

func decodeIDs[T ~[16]byte](d *decoder) (list []T) {
	for n := d.count(); n > 0 && d.err == nil; n-- {
		list = append(list, T(d.id()))
	}
	return list
}

// decoder reads a payload. After the first fault every method gives zero
// values, and end gives the fault.
type decoder struct {
	buf     []byte
	version byte // of the record
	err     error
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", errDamaged, what)
	}
	d.buf = nil
}

// end gives the first fault, or one when something is left over.
func (d *decoder) end() error {
	if d.err == nil && len(d.buf) > 0 {
		d.fail("the record is longer than its fields")
	}
	return d.err
}

// take gives the next n bytes, a part of the payload.
func (d *decoder) take(n int) []byte {
	if n > len(d.buf) {
		d.fail("the record ends within a field")
		return nil
	}
	v := d.buf[:n]
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) byte() byte {
	if v := d.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.buf)
	if n <= 0 {
		d.fail("the record holds no valid number")
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.buf)
	if n <= 0 {
		d.fail("the record holds no valid number")
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) fixed() uint64 {
	if v := d.take(8); v != nil {
		return binary.LittleEndian.Uint64(v)
	}
	return 0
}

// count reads the number of elements that follow, each at least one byte.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.buf)) || n > math.MaxInt32 {
		d.fail("the record announces more than it holds")
		return 0
	}
	return int(n)
}

// string copies: no slice of the mapped file leaves the transaction.
func (d *decoder) string() string { return string(d.take(d.count())) }

func (d *decoder) id() (v [16]byte) {
	copy(v[:], d.take(len(v)))
	return v
}

func (d *decoder) hash() (v [32]byte) {
	copy(v[:], d.take(len(v)))
	return v
}

func (d *decoder) time() time.Time {
	if v := d.int(); v != 0 {
		return time.UnixMicro(v).UTC()
	}
	return time.Time{}
}

// flags unpacks what encoder.flags packed; a bit beyond them is a fault.
func (d *decoder) flags(set ...*bool) {
	v := d.byte()
	for i, on := range set {
		*on = v&(1<<i) != 0
	}
	if int(v)>>len(set) != 0 {
		d.fail("the record holds a flag that this program does not know")
	}
}
