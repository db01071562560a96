package boltstore

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/memberward/memberward/internal/audit"
)

// overlay holds what one change writes, above what its transaction holds so
// far. bbolt has no savepoints: a change that is refused is forgotten with its
// overlay, and an allowed one is applied as a whole.
type overlay struct {
	below    *mapped
	writes   [bucketCount]map[string][]byte // nil frame: deleted
	records  []audit.Record
	receipts []receipt
	wrote    bool // there is a write that decisions read, so that the revision rises
	touched  bool // there is any write
	ended    bool // the function that it was made for has returned
}

// empty reports whether there is nothing to apply.
func (o *overlay) empty() bool { return !o.touched && len(o.records)+len(o.receipts) == 0 }

// entry is one record that is new with a change.
type entry struct {
	to         bucket
	key, frame []byte
}

func (o *overlay) get(b bucket, key []byte) ([]byte, error) {
	if o.ended {
		return nil, errTxOver
	}
	if frame, written := o.writes[b][string(key)]; written {
		return frame, nil
	}
	return o.below.get(b, key)
}

// put notes a write; a nil frame deletes.
func (o *overlay) put(b bucket, key, frame []byte) error {
	switch {
	case o.ended:
		return errTxOver
	case len(key) == 0 || len(key) > keyLimit:
		return fmt.Errorf("a key of %s has 1 to %d bytes, not %d", b, keyLimit, len(key))
	case len(frame) > recordLimit:
		return fmt.Errorf("a record of %s has at most %d bytes, not %d", b, recordLimit, len(frame))
	}
	if o.writes[b] == nil {
		o.writes[b] = make(map[string][]byte)
	}
	o.writes[b][string(key)] = frame
	o.wrote, o.touched = o.wrote || b.decides(), true
	return nil
}

// written is one write of an overlay.
type written struct {
	key   string
	frame []byte
}

// within gives the writes of a scan, in order.
func (o *overlay) within(b bucket, prefix, after []byte) []written {
	if len(o.writes[b]) == 0 {
		return nil
	}
	found := make([]written, 0, len(o.writes[b]))
	for key, frame := range o.writes[b] {
		if strings.HasPrefix(key, string(prefix)) && key > string(after) {
			found = append(found, written{key, frame})
		}
	}
	slices.SortFunc(found, func(x, y written) int { return strings.Compare(x.key, y.key) })
	return found
}

// scan merges the overlay's writes with the records below.
func (o *overlay) scan(b bucket, prefix, after []byte, visit visitor) error {
	if o.ended {
		return errTxOver
	}
	ours := o.within(b, prefix, after)
	if len(ours) == 0 {
		return o.below.scan(b, prefix, after, visit)
	}
	more := true
	err := o.below.scan(b, prefix, after, func(key, frame []byte) (bool, error) {
		var err error
		if ours, more, err = before(ours, key, visit); err != nil || !more {
			return false, err
		}
		if len(ours) > 0 && ours[0].key == string(key) {
			return true, nil // ours replaces it, and comes with the next key
		}
		more, err = visit(key, frame)
		return more, err
	})
	if err == nil && more {
		_, _, err = before(ours, nil, visit)
	}
	return err
}

// before visits the writes up to the key limit, or all of them when it is nil,
// and gives those that are left.
func before(ours []written, limit []byte, visit visitor) (left []written, more bool, err error) {
	for i, w := range ours {
		if limit != nil && bytes.Compare([]byte(w.key), limit) >= 0 {
			return ours[i:], true, nil
		}
		if w.frame == nil {
			continue
		}
		if more, err := visit([]byte(w.key), w.frame); err != nil || !more {
			return nil, false, err
		}
	}
	return nil, true, nil
}
