package main

import (
	"encoding/json"
	"testing"

	"links/karat"
)

func TestLinks(t *testing.T) {
	for _, test := range []struct {
		answer, given string
		holds         bool
		why           string
	}{
		{"See https://docs.acme.test/a.", `{"hosts": ["acme.test"]}`, true, ""},
		{"See https://evilacme.test/a.", `{"hosts": ["acme.test"]}`, false, "https://evilacme.test/a leads elsewhere"},
		{"[here](https://acme.test/A/#top)", `{"hosts": ["acme.test"], "sourced": true}`, true, ""},
		{"https://acme.test/b", `{"hosts": ["acme.test"], "sourced": true}`, false, "https://acme.test/b is in no source"},
		{"https://acme.test@evil.test/", `{"hosts": ["acme.test"]}`, false, "https://acme.test@evil.test/ leads elsewhere"},
	} {
		outputs, _ := json.Marshal(test.answer)
		answer := string(outputs)
		row := karat.Row{Inputs: `{"sources": ["https://acme.test/a"]}`, Outputs: &answer}
		holds, why, err := score(row, json.RawMessage(test.given))
		if err != nil || holds != test.holds || why != test.why {
			t.Errorf("%s: %v %q %v", test.answer, holds, why, err)
		}
	}
}
