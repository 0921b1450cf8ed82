package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

const envPrefix = "HIGHWATER_"

// Setting is one key with the value that a place gives it.
type Setting struct {
	Key, Value string
	Where      string // "server.properties:12", "HIGHWATER_NODE_ID", "--node-id": for messages
}

// Load merges the defaults with the settings of file (none if it is empty), of the environment env (as os.Environ gives
// it) and of flags; later ones win. An error names the place.
func Load(file string, env []string, flags []Setting) (Config, error) {
	var settings []Setting
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return Config{}, fmt.Errorf("configuration file: %w", err)
		}
		if settings, err = ParseProperties(file, string(text)); err != nil {
			return Config{}, err
		}
	}
	settings = append(settings, fromEnv(env)...)
	return merge(append(settings, flags...))
}

func merge(settings []Setting) (Config, error) {
	var c Config
	keys := Keys()
	for _, k := range keys {
		if err := k.set(&c, k.Default); err != nil {
			return c, fmt.Errorf("default of %s: %w", k.Name, err)
		}
	}
	set := make([]bool, len(keys))
	for _, s := range settings {
		at := slices.IndexFunc(keys, func(k Key) bool { return k.Name == s.Key || k.Env == s.Key })
		if at < 0 {
			return c, Unknown(s.Where, s.Key)
		}
		if err := keys[at].set(&c, s.Value); err != nil {
			return c, fmt.Errorf("%s: %s: %w", s.Where, keys[at].Name, err)
		}
		set[at] = true
	}
	for i, k := range keys {
		if set[i] {
			c.Set = append(c.Set, k.Name)
		}
	}
	if len(c.Listen) == 0 {
		return c, fmt.Errorf("%s is empty: a broker listens somewhere", Listeners)
	}
	return c, nil
}

// fromEnv picks the variables that begin with HIGHWATER_. Their names stay as they are, for messages.
func fromEnv(env []string) []Setting {
	var settings []Setting
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, envPrefix) {
			settings = append(settings, Setting{Key: name, Value: value, Where: name})
		}
	}
	return settings
}

// Find returns the description of the key called name.
func Find(name string) (Key, error) {
	keys := Keys()
	at := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name || k.Env == name })
	if at < 0 {
		return Key{}, Unknown("", name)
	}
	return keys[at], nil
}

// Unknown is the error for a key that does not exist, CF-1. where may be empty.
func Unknown(where, name string) error {
	var names []string
	for _, k := range Keys() {
		if strings.HasPrefix(name, envPrefix) {
			names = append(names, k.Env)
		} else {
			names = append(names, k.Name)
		}
	}
	if where != "" {
		where += ": "
	}
	return fmt.Errorf("%sunknown key %q%s", where, name, DidYouMean(name, names))
}
