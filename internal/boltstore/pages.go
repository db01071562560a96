package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"
)

// The layout of a bbolt file (version 2, internal/common of bbolt v1.5.0), in
// the machine's byte order. A page begins with a header: id (8), flags (2),
// count (2), overflow (4). Pages 0 and 1 hold a meta each; a leaf's element is
// flags (4), pos, ksize, vsize (4 each), a branch's pos, ksize (4 each), page
// (8); pos counts from the element itself.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	pageHeader    = 16
	metaLength    = 64
	leafElement   = 16
	branchElement = 16
	bucketHeader  = 16 // root page (8), sequence (8)

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagMeta     = 0x04
	flagFreelist = 0x10

	maxDepth = 64 // of a tree; 64 levels would hold 2^64 records
)

// boltMeta is what a meta page says.
type boltMeta struct{ pageSize, root, freelist, pages, txid uint64 }

// looksLikeBolt reports whether the file begins as a bbolt file does.
func looksLikeBolt(r io.ReaderAt) bool {
	var head [pageHeader + metaLength]byte
	n, _ := r.ReadAt(head[:], 0) // a short file looks like what there is of it
	return n >= pageHeader+4 && binary.NativeEndian.Uint32(head[pageHeader:]) == boltMagic
}

// checkPages checks the pages of a file before bbolt maps it, since bbolt
// trusts them: each page is part of exactly one thing, lies within the file,
// and holds its keys in order. A meta page that fails is damage too, though
// bbolt would go on with the other: that is the state before the last commit,
// and its data lies within one sector, which a disk writes whole or not at all.
func checkPages(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	checked := checkPagesOf(file)
	return errors.Join(checked, file.Close())
}

// checkPagesOf gives the first fault as an error.
func checkPagesOf(file *os.File) error {
	faults, err := pageFaults(file)
	if err == nil && len(faults) > 0 {
		err = damaged("%s", faults[0])
	}
	return err
}

// pageFaults checks the pages and names those that are damaged.
func pageFaults(file *os.File) ([]Fault, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	meta, err := newestMeta(file)
	if err != nil {
		return []Fault{{What: err.Error()}}, nil
	}
	if room := uint64(info.Size()) / meta.pageSize; meta.pages > room || meta.pages < 4 {
		return []Fault{{What: fmt.Sprintf("the file has %d pages where %d belong", room, meta.pages)}}, nil
	}
	c := &pageCheck{file: file, meta: meta, seen: make([]bool, meta.pages)}
	c.seen[0], c.seen[1] = true, true
	c.tree(meta.root, nil, nil, 0)
	c.note(meta.freelist, c.freelist())
	if lost := slices.Index(c.seen, false); lost >= 0 && len(c.faults) == 0 { // below a damaged page all are lost
		c.note(uint64(lost), errors.New("it belongs to nothing"))
	}
	return c.faults, nil
}

func newestMeta(file *os.File) (boltMeta, error) {
	first, err := readMeta(file, 0)
	if err != nil {
		return boltMeta{}, damaged("the first meta page: %v", err)
	}
	second, err := readMeta(file, int64(first.pageSize))
	if err != nil {
		return boltMeta{}, damaged("the second meta page: %v", err)
	}
	if second.pageSize != first.pageSize || (first.txid+1 != second.txid && second.txid+1 != first.txid) {
		return boltMeta{}, damaged("the meta pages do not follow each other")
	}
	if second.txid > first.txid {
		return second, nil
	}
	return first, nil
}

func readMeta(file *os.File, at int64) (boltMeta, error) {
	var page [pageHeader + metaLength]byte
	if _, err := file.ReadAt(page[:], at); err != nil {
		return boltMeta{}, err
	}
	order, m := binary.NativeEndian, page[pageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(m[:metaLength-8]) // a hash takes everything
	meta := boltMeta{
		pageSize: uint64(order.Uint32(m[8:])), root: order.Uint64(m[16:]), freelist: order.Uint64(m[32:]),
		pages: order.Uint64(m[40:]), txid: order.Uint64(m[48:]),
	}
	switch {
	case order.Uint32(m) != boltMagic || order.Uint32(m[4:]) != boltVersion:
		return boltMeta{}, errors.New("it has another format")
	case order.Uint64(m[56:]) != sum.Sum64():
		return boltMeta{}, errors.New("it does not match its checksum")
	case order.Uint16(page[8:]) != flagMeta:
		return boltMeta{}, errors.New("it is no meta page")
	case meta.pageSize < 1<<10 || meta.pageSize > 1<<24 || meta.pageSize&(meta.pageSize-1) != 0:
		return boltMeta{}, errors.New("it names an impossible page size")
	}
	return meta, nil
}

// pageCheck walks the pages that the newest meta leads to.
type pageCheck struct {
	file   *os.File
	meta   boltMeta
	seen   []bool
	faults []Fault
}

// note adds what is wrong with a page.
func (c *pageCheck) note(id uint64, err error) {
	if err != nil && len(c.faults) < faultLimit {
		c.faults = append(c.faults, Fault{Page: id, What: err.Error()})
	}
}

// claim notes that pages are in use; none is used twice.
func (c *pageCheck) claim(id, count uint64) error {
	if id < 2 || id >= c.meta.pages || count > c.meta.pages-id {
		return fmt.Errorf("page %d (of %d) lies outside the file", id, count)
	}
	for i := id; i < id+count; i++ {
		if c.seen[i] {
			return fmt.Errorf("page %d belongs to two things", i)
		}
		c.seen[i] = true
	}
	return nil
}

// read gives a page with its overflow pages.
func (c *pageCheck) read(id uint64) ([]byte, error) {
	var header [pageHeader]byte
	if id < 2 || id >= c.meta.pages {
		return nil, errors.New("it lies outside the file")
	}
	if _, err := c.file.ReadAt(header[:], int64(id*c.meta.pageSize)); err != nil {
		return nil, err
	}
	count := 1 + uint64(binary.NativeEndian.Uint32(header[12:]))
	if err := c.claim(id, count); err != nil {
		return nil, err
	}
	if own := binary.NativeEndian.Uint64(header[:]); own != id {
		return nil, fmt.Errorf("it says that it is page %d", own)
	}
	page := make([]byte, count*c.meta.pageSize)
	if _, err := c.file.ReadAt(page, int64(id*c.meta.pageSize)); err != nil {
		return nil, err
	}
	return page, nil
}

// tree checks a page and what lies below, and notes what is damaged. Its keys
// lie between low and high (nil: no limit), so that a search finds each of
// them.
func (c *pageCheck) tree(id uint64, low, high []byte, depth int) {
	c.note(id, c.node(id, low, high, depth))
}

// node checks one page, and has those below it checked.
func (c *pageCheck) node(id uint64, low, high []byte, depth int) error {
	if depth > maxDepth {
		return errors.New("it lies too deep")
	}
	page, err := c.read(id)
	if err != nil {
		return err
	}
	switch binary.NativeEndian.Uint16(page[8:]) {
	case flagLeaf:
		return c.leaf(page, low, high, depth)
	case flagBranch:
		return c.branch(page, low, high, depth)
	default:
		return errors.New("it is neither leaf nor branch")
	}
}

// element is one entry of a leaf or a branch.
type element struct {
	flags      uint32
	key, value []byte // of a leaf
	page       uint64 // of a branch
}

// elements reads a page's entries; none reaches beyond the page, and the keys
// are in order and within their limits.
func elements(page, low, high []byte, size int, parse func(entry []byte) (e element, pos, ksize, vsize uint64)) ([]element, error) {
	count := int(binary.NativeEndian.Uint16(page[10:]))
	if pageHeader+count*size > len(page) {
		return nil, fmt.Errorf("it announces %d entries, more than it holds", count)
	}
	found := make([]element, count)
	last := low
	for i := range found {
		at := pageHeader + i*size
		e, pos, ksize, vsize := parse(page[at : at+size])
		begin := uint64(at) + pos
		if pos < uint64(size) || begin+ksize+vsize > uint64(len(page)) {
			return nil, errors.New("an entry reaches beyond it")
		}
		e.key, e.value = page[begin:begin+ksize], page[begin+ksize:begin+ksize+vsize]
		order := bytes.Compare(last, e.key)
		if order > 0 || (order == 0 && i > 0) || (high != nil && bytes.Compare(e.key, high) >= 0) {
			return nil, fmt.Errorf("the key %x is out of order", e.key)
		}
		found[i], last = e, e.key
	}
	return found, nil
}

func parseLeaf(entry []byte) (e element, pos, ksize, vsize uint64) {
	order := binary.NativeEndian
	e.flags = order.Uint32(entry)
	return e, uint64(order.Uint32(entry[4:])), uint64(order.Uint32(entry[8:])), uint64(order.Uint32(entry[12:]))
}

func parseBranch(entry []byte) (e element, pos, ksize, vsize uint64) {
	order := binary.NativeEndian
	e.page = order.Uint64(entry[8:])
	return e, uint64(order.Uint32(entry)), uint64(order.Uint32(entry[4:])), 0
}

func (c *pageCheck) leaf(page, low, high []byte, depth int) error {
	found, err := elements(page, low, high, leafElement, parseLeaf)
	if err != nil {
		return err
	}
	for _, e := range found {
		if e.flags > 1 {
			return fmt.Errorf("an entry has the flags %x", e.flags)
		}
		if e.flags == 0 {
			continue
		}
		if err := c.bucket(e.value, depth); err != nil {
			return err
		}
	}
	return nil
}

// bucket checks what a bucket's entry leads to: a tree, or a leaf within the
// entry for a small one.
func (c *pageCheck) bucket(header []byte, depth int) error {
	if len(header) < bucketHeader {
		return errors.New("a bucket's header is cut off")
	}
	if root := binary.NativeEndian.Uint64(header); root != 0 {
		c.tree(root, nil, nil, depth+1)
		return nil
	}
	inline := header[bucketHeader:]
	if len(inline) < pageHeader || binary.NativeEndian.Uint16(inline[8:]) != flagLeaf {
		return errors.New("a small bucket holds no leaf")
	}
	if depth >= maxDepth {
		return errors.New("a bucket lies too deep")
	}
	return c.leaf(inline, nil, nil, depth+1)
}

func (c *pageCheck) branch(page, low, high []byte, depth int) error {
	found, err := elements(page, low, high, branchElement, parseBranch)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errors.New("a branch leads nowhere")
	}
	for i, e := range found {
		next := high
		if i+1 < len(found) {
			next = found[i+1].key
		}
		c.tree(e.page, e.key, next, depth+1)
	}
	return nil
}

// freelist checks that the free pages are in order and used by nothing.
func (c *pageCheck) freelist() error {
	page, err := c.read(c.meta.freelist)
	if err != nil {
		return err
	}
	if binary.NativeEndian.Uint16(page[8:]) != flagFreelist {
		return errors.New("the list of free pages is none")
	}
	ids, count := page[pageHeader:], uint64(binary.NativeEndian.Uint16(page[10:]))
	if count == 0xFFFF { // too many for the header: the first entry counts them
		count, ids = binary.NativeEndian.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids))/8 {
		return errors.New("the list of free pages announces more than it holds")
	}
	for i := range count {
		if err := c.claim(binary.NativeEndian.Uint64(ids[8*i:]), 1); err != nil {
			return err
		}
	}
	return nil
}
