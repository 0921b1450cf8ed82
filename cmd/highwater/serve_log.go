package main

import (
	"io"
	"log/slog"

	"github.com/highwater-log/highwater/server/config"
)

// newLog writes to w as the configuration says. docs/OPERATIONS.md has the keys.
func newLog(w io.Writer, c *config.Config) *slog.Logger {
	var level slog.Level
	switch c.LoggingLevel { // config lets no other in
	case "debug":
		level = slog.LevelDebug
	case "warn":
		level = slog.LevelWarn
	case "error":
		level = slog.LevelError
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LoggingFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// tellStart writes the line that says what runs, where, and with which settings that are not the default.
func tellStart(log *slog.Logger, c *config.Config, http string) {
	b := readBuild()
	log.Info("starting", "version", b.Version, "revision", b.Revision, "go", b.Go, "platform", b.Platform, "node", c.NodeID,
		"data", c.DataDir, "http", http, "set", c.Set)
}
