package gate

import (
	"encoding/binary"
	"slices"
)

// slabBytes is how much one slab holds, unless a single block is longer.
const slabBytes = 64 << 10

// slabs is a queue of blocks, first in, first out. The zero value is empty.
// However many blocks there are, the garbage collector has only their slabs to
// look at.
type slabs struct {
	slabs [][]byte // the oldest first; none is empty
	begin int      // where the oldest block stands in the first
	gone  uint32   // how many slabs were there before the first
	spare []byte   // to be used again
}

// spot is where a block stands.
type spot struct{ slab, offset uint32 }

const lengthBytes = 4 // in front of each block

// push adds a copy of a block.
func (s *slabs) push(block []byte) spot {
	need := lengthBytes + len(block)
	last := len(s.slabs) - 1
	if last < 0 || len(s.slabs[last])+need > cap(s.slabs[last]) {
		s.slabs = append(s.slabs, s.fresh(need))
		last++
	}
	at := spot{slab: s.gone + uint32(last), offset: uint32(len(s.slabs[last]))}
	s.slabs[last] = binary.LittleEndian.AppendUint32(s.slabs[last], uint32(len(block)))
	s.slabs[last] = append(s.slabs[last], block...)
	return at
}

// fresh gives an empty slab.
func (s *slabs) fresh(need int) (slab []byte) {
	if need > slabBytes {
		return make([]byte, 0, need)
	}
	if slab, s.spare = s.spare, nil; slab == nil {
		slab = make([]byte, 0, slabBytes)
	}
	return slab
}

func (s *slabs) empty() bool { return len(s.slabs) == 0 }

// at gives the block at a place, until it is popped.
func (s *slabs) at(place spot) []byte { return blockAt(s.slabs[place.slab-s.gone], int(place.offset)) }

// pop takes the oldest block away. It is good until the next push.
func (s *slabs) pop() []byte {
	first := s.slabs[0]
	block := blockAt(first, s.begin)
	s.begin += lengthBytes + len(block)
	if s.begin < len(first) {
		return block
	}
	s.slabs = slices.Delete(s.slabs, 0, 1)
	s.begin = 0
	s.gone++
	if cap(first) == slabBytes {
		s.spare = first[:0]
	}
	return block
}

func blockAt(slab []byte, offset int) []byte {
	length := int(binary.LittleEndian.Uint32(slab[offset:]))
	offset += lengthBytes
	return slab[offset : offset+length : offset+length]
}
