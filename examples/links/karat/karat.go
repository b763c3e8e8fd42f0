// Package karat is as much of an SDK as a scorer needs that says true or false.
package karat

import "encoding/json"

// Row is one case of a dataset. Its parts are JSON; those that may be absent are nil then.
type Row struct {
	ID, Inputs                       string
	Outputs, Candidate, Expectations *string
}

// Scorer looks at a row.
type Scorer struct {
	// [a-z][a-z0-9_]*
	Name, Summary string
	// JSON Schema of the parameters.
	Parameters map[string]any
	// Gives a verdict and why; an error for a row it can't work on, or Abstained where it can't decide.
	Score func(row Row, parameters json.RawMessage) (verdict bool, why string, err error)
}

// Abstained counts neither for nor against the application.
type Abstained string

func (reason Abstained) Error() string { return string(reason) }

var (
	plugin, version string
	scorers         []Scorer
)

// Register says what the plugin is; to be called from an init.
func Register(name, itsVersion string, all ...Scorer) {
	plugin, version, scorers = name, itsVersion, all
}
