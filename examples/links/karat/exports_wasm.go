package karat

import (
	"encoding/json"
	"errors"
	"runtime/debug"
	"unsafe"
)

// The world of a scorer plugin: `describe` and `scorer` of docs/interface.md. Each function gets and gives an address,
// at which the values lie as layout_wasm.go has them.

// What the host reads when a call has returned, which the collector doesn't know.
var held []any

// The collector looks at the clock, and the host answers nothing while it hands in a row or takes a result. So the
// collector works within `score` only.
func init() { debug.SetGCPercent(-1) }

// Memory for what the host hands in. Named `cabi_realloc`, it would be called before Go's runtime is up.
//
//go:wasmexport cabi_export_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	made := block(size)
	copy(made, unsafe.Slice((*byte)(old), min(oldSize, size)))
	return unsafe.Pointer(unsafe.SliceData(made))
}

//go:wasmexport karat:eval/describe@0.1.0#describe
func describe() unsafe.Pointer {
	list := make([]scorerDescription, len(scorers))
	for i, scorer := range scorers {
		// A schema that is none comes out empty, and the host says so.
		schema, _ := json.Marshal(scorer.Parameters)
		list[i] = scorerDescription{
			name: text(scorer.Name), summary: text(scorer.Summary), parameters: text(string(schema)), needs: needsOutputs,
		}
	}
	return hold(&pluginDescription{name: text(plugin), version: text(version), scorers: listOf(list)})
}

//go:wasmexport karat:eval/scorer@0.1.0#score
func score(given unsafe.Pointer) unsafe.Pointer {
	debug.SetGCPercent(100)
	// Waits for the collector to be done.
	defer debug.SetGCPercent(-1)
	call := (*call)(given)
	name := call.name.string()
	for _, scorer := range scorers {
		if scorer.Name == name {
			return hold(resultOf(scorer.Score(call.row.asRow(), json.RawMessage(call.parameters.string()))))
		}
	}
	return hold(&result{isError: 1, inner: badParameter, payload: text("this plugin has no scorer `" + name + "`")})
}

func resultOf(verdict bool, why string, err error) *result {
	var abstained Abstained
	if errors.As(err, &abstained) {
		return &result{inner: outcomeAbstained, payload: text(string(abstained))}
	}
	if err != nil {
		return &result{isError: 1, inner: badInput, payload: text(err.Error())}
	}
	said := feedback{value: value{boolean: verdict}}
	if why != "" {
		said.rationale = option{some: 1, text: text(why)}
	}
	return &result{inner: outcomeScored, payload: listOf([]feedback{said})}
}

//go:wasmexport cabi_post_karat:eval/scorer@0.1.0#score
func afterScore(unsafe.Pointer) { held = nil }

//go:wasmexport cabi_post_karat:eval/describe@0.1.0#describe
func afterDescribe(unsafe.Pointer) { held = nil }
