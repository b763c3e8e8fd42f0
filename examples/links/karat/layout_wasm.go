package karat

import "unsafe"

// Values as the canonical ABI of the component model lays them out: fields in order, each at a multiple of its own size.
// An address has 32 bits there and a pointer of Go's has 64, so none of these types has a pointer.

// Cases, by their number in `wit/`.
const (
	outcomeScored    = 0
	outcomeAbstained = 1
	badInput         = 0
	badParameter     = 1
	needsOutputs     = 1
)

// A text, or a list: where it begins, and how many bytes or items it has.
type span struct{ at, count uint32 }

type option struct {
	some uint8
	text span
}

type call struct {
	name, parameters span
	row              row
}

type row struct {
	id, inputs                       span
	outputs, candidate, expectations option
	tags                             span
	session                          option
	trial                            uint32
	seed                             uint64
}

// A variant is as large as its largest case: here a number of eight bytes, or a list.
type value struct {
	kind    uint8
	_       [7]byte
	boolean bool
	_       [7]byte
}

type feedback struct {
	name      option
	_         [4]byte
	value     value
	rationale option
	_         [4]byte
}

type result struct {
	isError uint8
	_       [3]byte
	// Which outcome, or which error code.
	inner   uint8
	_       [3]byte
	payload span
}

type scorerDescription struct {
	name, summary, parameters  span
	value                      uint8
	labels                     span
	better, needs, determinism uint8
}

type pluginDescription struct {
	name, version, scorers, aggregators, predictors, exporters span
}

func (r *row) asRow() Row {
	return Row{r.id.string(), r.inputs.string(), r.outputs.string(), r.candidate.string(), r.expectations.string()}
}

func (s span) string() string {
	if s.count == 0 {
		return ""
	}
	return string(unsafe.Slice((*byte)(unsafe.Add(nil, s.at)), s.count))
}

func (o option) string() *string {
	if o.some == 0 {
		return nil
	}
	text := o.text.string()
	return &text
}

// block is memory that stays until the call is over, at a multiple of eight.
func block(size uint32) []byte {
	made := make([]byte, size+8)
	held = append(held, made)
	start := 8 - address(unsafe.Pointer(&made[0]))%8
	return made[start : start+size]
}

func hold[T any](made *T) unsafe.Pointer {
	held = append(held, made)
	return unsafe.Pointer(made)
}

func text(s string) span {
	held = append(held, s)
	return span{address(unsafe.Pointer(unsafe.StringData(s))), uint32(len(s))}
}

func listOf[T any](items []T) span {
	held = append(held, items)
	return span{address(unsafe.Pointer(unsafe.SliceData(items))), uint32(len(items))}
}

func address(of unsafe.Pointer) uint32 { return uint32(uintptr(of)) }
