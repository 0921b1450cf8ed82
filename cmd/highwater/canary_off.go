//go:build !canary

package main

import "github.com/spf13/cobra"

// canaryCommands are the commands that only a build with planted bugs has.
func canaryCommands() []*cobra.Command { return nil }
