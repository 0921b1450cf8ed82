package metadata

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/highwater-log/highwater/core/event"
)

// ConfigDef defines one configuration: Kafka's name, type, default and rule.
type ConfigDef struct {
	Name    string
	Type    int8   // event.ConfigType...
	Default string // as Kafka renders it
	Doc     string
	// Broker is the broker's configuration that gives a topic's its default, "" for none.
	Broker string
	// Coarse are configurations of the broker that mean the same as Broker in a larger unit, the finest first: the first
	// one that is set counts, if Broker is not.
	Coarse []Coarse
	// Rule is what a value must satisfy.
	Rule Rule
	// Only, if not nil, are the values that this version honours, of those that Rule allows; Why says what is missing.
	Only []string
	Why  string
	// Static: set at start only (a broker's).
	Static bool
}

// Coarse is a configuration of a broker that is another one in a larger unit.
type Coarse struct {
	Name string
	Unit int64
}

// Rule says which values of a type are allowed. The zero rule allows all of them.
type Rule struct {
	Bounded  bool // Min and Max hold, both included
	Min, Max int64
	OneOf    []string
}

const (
	maxInt32 = 1<<31 - 1
	maxInt64 = 1<<63 - 1
	maxValue = 1024 // bytes of a value
)

// atLeast is the rule of a number with a lower bound.
func atLeast(low int64) Rule { return Rule{Bounded: true, Min: low, Max: maxInt64} }

// between is the rule of a number with both bounds.
func between(low, high int64) Rule { return Rule{Bounded: true, Min: low, Max: high} }

// oneOf is the rule of a choice; for a list it holds for each element.
func oneOf(values ...string) Rule { return Rule{OneOf: values} }

// Check says why value cannot be d's, in one sentence, or "" if it can.
func (d *ConfigDef) Check(value string) string {
	if len(value) > maxValue {
		return fmt.Sprintf("Invalid value for configuration %s: it is longer than %d bytes.", d.Name, maxValue)
	}
	if why := d.checkType(value); why != "" {
		return fmt.Sprintf("Invalid value %q for configuration %s: %s.", value, d.Name, why)
	}
	if d.Only == nil {
		return ""
	}
	for _, ok := range d.Only {
		if value == ok {
			return ""
		}
	}
	return fmt.Sprintf("%s=%s is not supported yet: %s.", d.Name, value, d.Why)
}

func (d *ConfigDef) checkType(value string) string {
	switch d.Type {
	case event.ConfigTypeBoolean:
		if value != "true" && value != "false" {
			return "it must be true or false"
		}
	case event.ConfigTypeInt:
		return d.Rule.checkNumber(value, 32)
	case event.ConfigTypeLong:
		return d.Rule.checkNumber(value, 64)
	case event.ConfigTypeDouble:
		if !isRatio(value) {
			return "it must be a decimal number from 0 to 1"
		}
	case event.ConfigTypeList:
		if value == "" {
			return ""
		}
		for part := range strings.SplitSeq(value, ",") {
			if why := d.Rule.checkChoice(strings.TrimSpace(part)); why != "" {
				return why
			}
		}
	default:
		return d.Rule.checkChoice(value)
	}
	return ""
}

func (r Rule) checkNumber(value string, bits int) string {
	n, err := strconv.ParseInt(value, 10, bits)
	switch {
	case err != nil:
		return fmt.Sprintf("it must be a whole number of %d bits", bits)
	case r.Bounded && n < r.Min:
		return fmt.Sprintf("it must be at least %d", r.Min)
	case r.Bounded && n > r.Max:
		return fmt.Sprintf("it must be at most %d", r.Max)
	}
	return ""
}

func (r Rule) checkChoice(value string) string {
	if r.OneOf == nil {
		return ""
	}
	for _, ok := range r.OneOf {
		if value == ok {
			return ""
		}
	}
	return "it must be one of " + strings.Join(r.OneOf, ", ")
}

// isRatio reports whether value is a plain decimal from 0 to 1: the core computes with no fractions, so it checks the
// text.
func isRatio(value string) bool {
	whole, fraction, dotted := strings.Cut(value, ".")
	if whole != "0" && whole != "1" || dotted && fraction == "" {
		return false
	}
	for i := range len(fraction) {
		if fraction[i] < '0' || fraction[i] > '9' || whole == "1" && fraction[i] != '0' {
			return false
		}
	}
	return true
}

// find looks a definition up by name in a table.
func find(table []ConfigDef, name string) *ConfigDef {
	for i := range table {
		if table[i].Name == name {
			return &table[i]
		}
	}
	return nil
}

// unknown says that a table has no such name, and which name was perhaps meant.
func unknown(table []ConfigDef, kind, name string) string {
	best, distance := "", len(name)/3+2
	for i := range table {
		if d := editDistance(name, table[i].Name, distance); d < distance {
			best, distance = table[i].Name, d
		}
	}
	if best == "" {
		return fmt.Sprintf("Unknown %s config name: %s", kind, name)
	}
	return fmt.Sprintf("Unknown %s config name: %s (did you mean %s?)", kind, name, best)
}

// editDistance is Levenshtein's, or limit where it is not smaller.
func editDistance(a, b string, limit int) int {
	if len(a) > len(b)+limit || len(b) > len(a)+limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(b)], limit)
}
