// Whether the links of an answer lead where they may.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"links/karat"
)

type parameters struct {
	// Hosts that may be linked, with all below them.
	Hosts []string `json:"hosts"`
	// Whether every link has to stand in the row's `inputs.sources` as well.
	Sourced bool `json:"sourced"`
}

var link = regexp.MustCompile(`https?://[^\s<>"'\x60\])}]+`)

func score(row karat.Row, given json.RawMessage) (bool, string, error) {
	var parameters parameters
	if err := json.Unmarshal(given, &parameters); err != nil {
		return false, "", err
	}
	var inputs struct{ Sources []string }
	if err := json.Unmarshal([]byte(row.Inputs), &inputs); err != nil {
		return false, "", fmt.Errorf("`inputs.sources` can't be read: %w", err)
	}
	var answer any
	if err := json.Unmarshal([]byte(*row.Outputs), &answer); err != nil {
		return false, "", err
	}
	found := link.FindAllString(strings.Join(texts(answer), "\n"), -1)
	if len(found) == 0 {
		return false, "", karat.Abstained("there is no link")
	}
	var wrong []string
	for _, written := range found {
		written = strings.TrimRight(written, ".,;:!?")
		if why := whyNot(written, parameters, inputs.Sources); why != "" {
			wrong = append(wrong, fmt.Sprintf("%s %s", written, why))
		}
	}
	return len(wrong) == 0, strings.Join(wrong, "; "), nil
}

// All texts of an answer, which may be an object or a list.
func texts(answer any) []string {
	switch answer := answer.(type) {
	case string:
		return []string{answer}
	case []any:
		var all []string
		for _, item := range answer {
			all = append(all, texts(item)...)
		}
		return all
	case map[string]any:
		var all []string
		for _, key := range slices.Sorted(maps.Keys(answer)) {
			all = append(all, texts(answer[key])...)
		}
		return all
	default:
		return nil
	}
}

func whyNot(written string, parameters parameters, sources []string) string {
	parsed, err := url.Parse(written)
	if err != nil {
		return "is no URL"
	}
	host := strings.ToLower(parsed.Hostname())
	isAllowed := func(allowed string) bool { return host == allowed || strings.HasSuffix(host, "."+allowed) }
	if !slices.ContainsFunc(parameters.Hosts, isAllowed) {
		return "leads elsewhere"
	}
	if parameters.Sourced && !slices.ContainsFunc(sources, func(source string) bool { return same(source, parsed) }) {
		return "is in no source"
	}
	return ""
}

// A page is the same without the part after # and a slash at the end.
func same(source string, link *url.URL) bool {
	parsed, err := url.Parse(source)
	plain := func(of *url.URL) string { return strings.TrimRight(of.Host+of.EscapedPath(), "/") + "?" + of.RawQuery }
	return err == nil && strings.EqualFold(plain(parsed), plain(link))
}

func init() {
	karat.Register("examples/links", "0.1.0", karat.Scorer{
		Name:    "links",
		Summary: "whether every link of the answer leads where it may",
		Parameters: map[string]any{
			"type": "object",
			"properties": map[string]any{
				"hosts":   map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
				"sourced": map[string]any{"type": "boolean", "default": false},
			},
			"required":             []string{"hosts"},
			"additionalProperties": false,
		},
		Score: score,
	})
}

func main() {}
