package config

import (
	"fmt"
	"strings"
)

// ParseProperties reads the syntax of server.properties: KEY=VALUE or KEY:VALUE per line, # and ! begin comment lines, a
// backslash at a line's end goes on with the next one. A key that stands twice is an error: one of them was not meant.
// name is the file's, for messages. Escapes other than the doubled backslash do not occur in our values and are refused.
func ParseProperties(name, text string) ([]Setting, error) {
	var settings []Setting
	first := make(map[string]int)
	lines := strings.Split(text, "\n")
	for at := 0; at < len(lines); at++ {
		number := at + 1
		line := strings.TrimSpace(lines[at])
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		for strings.HasSuffix(line, `\`) && !strings.HasSuffix(line, `\\`) && at+1 < len(lines) {
			at++
			line = strings.TrimSuffix(line, `\`) + strings.TrimSpace(lines[at])
		}
		where := fmt.Sprintf("%s:%d", name, number)
		split := strings.IndexAny(line, "=:")
		if split < 0 {
			return nil, fmt.Errorf("%s: %q is not KEY=VALUE", where, line)
		}
		key := strings.TrimSpace(line[:split])
		value, err := unescape(strings.TrimSpace(line[split+1:]))
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", where, key, err)
		}
		if first[key] != 0 {
			return nil, fmt.Errorf("%s: %s already stands in line %d", where, key, first[key])
		}
		first[key] = number
		settings = append(settings, Setting{Key: key, Value: value, Where: where})
	}
	return settings, nil
}

func unescape(value string) (string, error) {
	plain := strings.ReplaceAll(value, `\\`, "\x00")
	if strings.Contains(plain, `\`) {
		return "", fmt.Errorf(`%q: a backslash is written as \\`, value)
	}
	return strings.ReplaceAll(plain, "\x00", `\`), nil
}
