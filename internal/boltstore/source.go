package boltstore

import (
	"bytes"
	"errors"

	"go.etcd.io/bbolt"
)

// source gives frames as they are stored. They belong to the transaction:
// whoever asks decodes them before it ends. It is used by one goroutine.
type source interface {
	// get gives nil when there is no such record.
	get(b bucket, key []byte) (frame []byte, err error)
	// scan visits the records whose keys begin with prefix and are greater
	// than after, in order, until visit says that it has enough.
	scan(b bucket, prefix, after []byte, visit visitor) error
}

// visitor is called with each record of a scan; more asks for the next one.
type visitor func(key, frame []byte) (more bool, err error)

var errTxOver = errors.New("the transaction is over")

// mapped reads the mapped file. bbolt panics at pages that make no sense, and
// the memory faults where the file ends early: both become errDamaged (the
// goroutine has SetPanicOnFault).
type mapped struct {
	tx   *bbolt.Tx
	used []opened  // bbolt looks a bucket up anew each time
	few  [6]opened // room for what a check uses: an array for all buckets was a sixth of what a check allocates
	over bool
}

// opened is a bucket that was looked up.
type opened struct {
	name   bucket
	bucket *bbolt.Bucket
	finder *bbolt.Cursor // for get alone: each search begins anew, and a new cursor costs three allocations
}

// open gives a bucket, until the next one is opened.
func (m *mapped) open(b bucket) (*opened, error) {
	if m.over {
		return nil, errTxOver
	}
	for i := range m.used {
		if m.used[i].name == b {
			return &m.used[i], nil
		}
	}
	found := m.tx.Bucket(bucketNames[b])
	if found == nil {
		return nil, damaged("the bucket %s is missing", b)
	}
	if m.used == nil {
		m.used = m.few[:0]
	}
	m.used = append(m.used, opened{name: b, bucket: found})
	return &m.used[len(m.used)-1], nil
}

func (m *mapped) bucket(b bucket) (*bbolt.Bucket, error) {
	o, err := m.open(b)
	if err != nil {
		return nil, err
	}
	return o.bucket, nil
}

func (m *mapped) get(b bucket, key []byte) (frame []byte, err error) {
	defer recoverDamage(&err)
	from, err := m.open(b)
	if err != nil {
		return nil, err
	}
	if from.finder == nil {
		from.finder = from.bucket.Cursor()
	}
	if found, frame := from.finder.Seek(key); bytes.Equal(found, key) {
		return frame, nil
	}
	return nil, nil
}

func (m *mapped) scan(b bucket, prefix, after []byte, visit visitor) error {
	c, err := m.cursor(b)
	if err != nil {
		return err
	}
	key, frame, err := c.seek(beyond(prefix, after))
	for err == nil && key != nil && bytes.HasPrefix(key, prefix) {
		more, failed := visit(key, frame)
		if failed != nil || !more {
			return failed
		}
		key, frame, err = c.next()
	}
	return err
}

// beyond gives the smallest key that begins with prefix and is greater than
// after.
func beyond(prefix, after []byte) []byte {
	if len(after) == 0 || bytes.Compare(after, prefix) < 0 {
		return prefix
	}
	return append(append(make([]byte, 0, len(after)+1), after...), 0)
}

func (m *mapped) put(b bucket, key, frame []byte) (err error) {
	defer recoverDamage(&err)
	to, err := m.bucket(b)
	if err != nil {
		return err
	}
	if frame == nil {
		return to.Delete(key)
	}
	if b.grows() {
		to.FillPercent = 1 // nothing will come in between
	}
	return to.Put(key, frame)
}

// cursor walks one bucket.
type cursor struct {
	m *mapped
	c *bbolt.Cursor
}

func (m *mapped) cursor(b bucket) (c cursor, err error) {
	defer recoverDamage(&err)
	from, err := m.bucket(b)
	if err != nil {
		return cursor{}, err
	}
	return cursor{m: m, c: from.Cursor()}, nil
}

func (c cursor) seek(key []byte) (found, frame []byte, err error) {
	defer recoverDamage(&err)
	if c.m.over {
		return nil, nil, errTxOver
	}
	found, frame = c.c.Seek(key)
	return found, frame, nil
}

func (c cursor) next() (found, frame []byte, err error) {
	defer recoverDamage(&err)
	if c.m.over {
		return nil, nil, errTxOver
	}
	found, frame = c.c.Next()
	return found, frame, nil
}
